import type { DashboardState, RunRow } from '../src/dashboardProtocol.ts';
import { formatElapsed, formatRelativeTime } from '../src/format.ts';
import { button, progressRing } from './controls.ts';
import { element, icon, icons } from './element.ts';
import { longList } from './longList.ts';
import type { Page } from './page.ts';
import { emptyText, section } from './section.ts';
import { statusMark } from './statusMark.ts';

/** As many as fit beside the agents on one screen. */
const mostRuns = 10;

/** The running and queued runs, with a clock and a way to end each. */
export function activeRuns(state: DashboardState, page: Page): HTMLElement {
  const { t } = page;
  const entries = state.active;
  const draw = (run: RunRow): HTMLElement => row(run, state.showFolders, page);
  const content =
    entries.length === 0
      ? emptyText(t('Nothing runs or waits.'))
      : longList({ id: 'active', className: 'rows', entries, most: mostRuns, draw }, page);
  return section({ id: 'active', title: t('Running and queued'), count: entries.length }, content);
}

function row(run: RunRow, showFolder: boolean, page: Page): HTMLElement {
  const { t } = page;
  const subject = { folder: run.folder, runId: run.id };
  const name = element('button', {
    className: 'link',
    text: run.agent,
    title: t('Show the log of run {0}', run.number),
    attributes: { type: 'button' },
  });
  name.addEventListener('click', () => {
    page.send('log', subject);
  });
  const words = element(
    'div',
    { className: 'row-words' },
    element(
      'div',
      { className: 'row-title' },
      name,
      showFolder ? element('span', { className: 'folder', text: run.folderName }) : null,
    ),
    element('div', { className: 'row-reason', text: run.reason, title: run.reason }),
  );
  const mark = run.tone === 'active' ? progressRing() : null;
  return element(
    'li',
    { className: 'row' },
    element('div', { className: 'row-mark' }, mark),
    words,
    statusMark(run.status, run.tone),
    time(run, page),
    element('div', { className: 'row-action' }, run.canCancel ? cancelButton(run, page) : null),
  );
}

function cancelButton(run: RunRow, { t, send }: Page): HTMLElement {
  return button(t('Cancel'), {
    look: 'secondary',
    icon: icon(icons.close),
    spoken: t('Cancel run {0} of {1}', run.number, run.agent),
    onPress: () => {
      send('cancel', { folder: run.folder, runId: run.id });
    },
  });
}

function time(run: RunRow, { t, clock }: Page): HTMLElement {
  const { startedAt, queuedAt } = run;
  const text = element('span', { className: 'time' });
  if (startedAt !== null) return clock.keep(text, (now) => formatElapsed(now - startedAt));
  return clock.keep(text, (now) => formatRelativeTime(Math.min(queuedAt, now), now, t));
}
