import type { DashboardState } from '../src/dashboardProtocol.ts';
import { button } from './controls.ts';
import { element, icon, icons } from './element.ts';
import type { Page } from './page.ts';
import { statusMark } from './statusMark.ts';

/** The head of the page: whose agents these are, whether we are connected, and the big switch. */
export function header(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  const title = element('h1', { text: state.title === '' ? t('Reveille') : state.title });
  const connection = element(
    'div',
    { className: 'connection', attributes: { role: 'status' } },
    statusMark(state.connection.text, state.connection.tone),
  );
  return element(
    'header',
    { className: 'page-header' },
    element('div', { className: 'page-title' }, title, connection),
    element('div', { className: 'actions' }, ...headerButtons(state, page)),
  );
}

function headerButtons(state: DashboardState, { t, send }: Page): HTMLElement[] {
  const buttons: HTMLElement[] = [];
  if (state.connection.canRetry) {
    buttons.push(
      button(t('Connect Again'), {
        look: 'primary',
        onPress: () => {
          send('retry');
        },
      }),
    );
  }
  if (state.isStopped) {
    buttons.push(
      button(t('Release Everything'), {
        look: 'primary',
        icon: icon(icons.play),
        onPress: () => {
          send('release');
        },
      }),
    );
  } else if (state.canStop) {
    buttons.push(
      button(t('Stop Everything'), {
        look: 'secondary',
        icon: icon(icons.stop),
        spoken: t('Stop Everything: cancel all runs and hold all wakes'),
        onPress: () => {
          send('stop');
        },
      }),
    );
  }
  return buttons;
}
