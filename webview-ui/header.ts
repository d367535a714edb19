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
    ...today(state, page),
  );
  return element(
    'header',
    { className: 'page-header' },
    element('div', { className: 'page-title' }, title, connection),
    element('div', { className: 'actions' }, ...headerButtons(state, page)),
  );
}

/** Figures of the day, as long as it is that day. */
function today({ today: figures }: DashboardState, { t, clock }: Page): HTMLElement[] {
  if (figures === null) return [];
  const { from, to, text } = figures;
  const shown = element('span', { className: 'today' });
  return [clock.keep(shown, (now) => (now >= from && now < to ? t('Runs today: {0}', text) : ''))];
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
