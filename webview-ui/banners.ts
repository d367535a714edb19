import type { DashboardState } from '../src/dashboardProtocol.ts';
import { button } from './controls.ts';
import { element, icon, icons } from './element.ts';
import type { Page } from './page.ts';

/** Definitions that the page tells of; the review shows all. */
const mostDefinitions = 6;

/** What the user should know or decide before anything else on the page. */
export function banners(state: DashboardState, page: Page): HTMLElement[] {
  const { t } = page;
  const shown: HTMLElement[] = [];
  if (state.situation !== 'noFolder' && !state.isTrusted) {
    const trust = button(t('Manage Trust'), {
      look: 'primary',
      onPress: () => {
        page.send('manageTrust');
      },
    });
    shown.push(banner('warning', t('This folder is not trusted, so no agent starts.'), [trust]));
  }
  if (state.situation === 'invalid') {
    const open = button(t('Open Configuration'), {
      look: 'primary',
      onPress: () => {
        page.send('openConfiguration');
      },
    });
    shown.push(banner('bad', t('The configuration has mistakes. The last good definitions stay in force.'), [open]));
  }
  if (state.isStopped)
    shown.push(banner('warning', t('Everything is stopped. All wakes are held until you release them.'), []));
  if (state.pending.length > 0) shown.push(reviewBanner(state, page));
  return shown;
}

function reviewBanner(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  const text =
    state.pending.length === 1
      ? t('1 agent definition waits for your review. It does not run before you have accepted it.')
      : t(
          '{0} agent definitions wait for your review. They do not run before you have accepted them.',
          state.pending.length,
        );
  const shown = state.pending.slice(0, mostDefinitions);
  const more = state.pending.length - shown.length;
  const list = element(
    'ul',
    {},
    ...shown.map(({ agent, summary }) => element('li', {}, element('strong', { text: agent }), ` ${summary}`)),
    more === 0 ? null : element('li', { text: t('and {0} more', more) }),
  );
  const folder = state.pending[0]?.folder;
  const review = button(t('Review…'), {
    look: 'primary',
    icon: icon(icons.shield),
    onPress: () => {
      page.send('review', folder === undefined ? undefined : { folder });
    },
  });
  return banner('warning', text, [review], list);
}

function banner(
  tone: 'warning' | 'bad',
  text: string,
  actions: readonly HTMLElement[],
  more: HTMLElement | null = null,
): HTMLElement {
  const words = element('div', { className: 'banner-text' }, element('p', { text }), more);
  return element(
    'div',
    { className: `banner banner-${tone}`, attributes: { role: 'note' } },
    words,
    element('div', { className: 'actions' }, ...actions),
  );
}
