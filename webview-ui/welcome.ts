import type { DashboardState, PageAction } from '../src/dashboardProtocol.ts';
import { button } from './controls.ts';
import { element } from './element.ts';
import type { Page } from './page.ts';

/** What stands on the page while there is nothing to show: why, and the next step. Null when there is something. */
export function welcome(state: DashboardState, page: Page): HTMLElement | null {
  const { t } = page;
  const hasContent = state.agents.length + state.active.length + state.recent.length + state.issues.length > 0;
  if (hasContent) return null;
  switch (state.situation) {
    case 'noFolder':
      return message(page, t('Open a folder to begin: agents live in the folder they work on.'));
    case 'unused':
    case 'missing':
      return message(
        page,
        t('This folder has no agents yet. A configuration file says which agents there are and when they wake.'),
        {
          text: t('Create Configuration'),
          action: 'createConfiguration',
        },
      );
    case 'connecting':
      return message(page, t('Connecting…'));
    case 'failed':
      return message(page, state.connection.text);
    case 'invalid':
    case 'ready':
      return null;
  }
}

function message(page: Page, text: string, next?: { readonly text: string; readonly action: PageAction }): HTMLElement {
  const action =
    next === undefined
      ? null
      : button(next.text, {
          look: 'primary',
          onPress: () => {
            page.send(next.action);
          },
        });
  return element('div', { className: 'welcome' }, element('p', { text }), action);
}
