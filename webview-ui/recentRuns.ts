import type { DashboardState, RunRow } from '../src/dashboardProtocol.ts';
import { formatDuration, formatRelativeTime } from '../src/format.ts';
import { element } from './element.ts';
import type { Page } from './page.ts';
import { emptyText, section } from './section.ts';
import { statusMark } from './statusMark.ts';

/** The last runs that ended, as a table. */
export function recentRuns(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  if (state.recent.length === 0)
    return section({ id: 'recent', title: t('Recent runs') }, emptyText(t('No run has ended yet.')));
  const columns = [t('Status'), t('Agent'), t('Reason'), t('Duration'), t('Cost'), t('Exit'), t('Ended')];
  const head = element(
    'thead',
    {},
    element('tr', {}, ...columns.map((text) => element('th', { text, attributes: { scope: 'col' } }))),
  );
  const body = element('tbody', {}, ...state.recent.map((run) => row(run, state.showFolders, page)));
  const table = element('table', { attributes: { 'aria-labelledby': 'recent-heading' } }, head, body);
  return section({ id: 'recent', title: t('Recent runs') }, element('div', { className: 'table-frame' }, table));
}

function row(run: RunRow, showFolder: boolean, page: Page): HTMLElement {
  const { t, clock } = page;
  const open = element('button', {
    className: 'link',
    text: run.agent,
    title: t('Show the log of run {0}', run.number),
    attributes: { type: 'button' },
  });
  open.addEventListener('click', () => {
    page.send('log', { folder: run.folder, runId: run.id });
  });
  const { startedAt, finishedAt } = run;
  const duration = startedAt === null || finishedAt === null ? '' : formatDuration(finishedAt - startedAt);
  const ended = element('td', { className: 'number' });
  if (finishedAt !== null) clock.keep(ended, (now) => formatRelativeTime(Math.min(finishedAt, now), now, t));
  const message =
    run.message === '' ? null : element('div', { className: 'message', text: run.message, title: run.message });
  return element(
    'tr',
    {},
    element('td', {}, statusMark(run.status, run.tone)),
    element('td', {}, open, showFolder ? element('span', { className: 'folder', text: run.folderName }) : null),
    element(
      'td',
      { className: 'reason', title: run.reason },
      element('div', { className: 'clipped', text: run.reason }),
      message,
    ),
    element('td', { className: 'number', text: duration }),
    element('td', { className: 'number', text: run.cost, title: run.usage }),
    element('td', { className: 'number', text: run.exit }),
    ended,
  );
}
