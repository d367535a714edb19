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
  const actions = element('div', { className: 'actions' });
  if (state.connection.canRetry) {
    actions.append(
      button(t('Connect Again'), {
        look: 'primary',
        onPress: () => {
          page.send('retry');
        },
      }),
    );
  }
  if (state.isStopped) {
    actions.append(
      button(t('Release Everything'), {
        look: 'primary',
        icon: icon(icons.play),
        onPress: () => {
          page.send('release');
        },
      }),
    );
  } else if (state.canStop) {
    actions.append(
      button(t('Stop Everything'), {
        look: 'secondary',
        icon: icon(icons.stop),
        spoken: t('Stop Everything: cancel all runs and hold all wakes'),
        onPress: () => {
          page.send('stop');
        },
      }),
    );
  }
  return element(
    'header',
    { className: 'page-header' },
    element('div', { className: 'page-title' }, title, connection),
    actions,
  );
}
