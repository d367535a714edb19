import { costOfRun, formatCost, runCostText, runTokensText } from '../costText.ts';
import {
  formatAttempt,
  formatBytes,
  formatDuration,
  formatOutcome,
  formatRelativeTime,
  formatWait,
  runDurationMs,
  type Translate,
} from '../format.ts';
import type { FolderState } from '../connection/folderState.ts';
import type { Run, RunStatus } from '../runtime/model.ts';
import type { ViewSetting } from './folderLevel.ts';
import { missingSecrets } from './secretsModel.ts';
import { factList, shorten, treeNode, type TreeIcon, type TreeNode } from './treeNode.ts';
import { changesText, holdText, sourceText } from './words.ts';

const icons: Record<RunStatus, TreeIcon> = {
  queued: { id: 'clock' },
  running: { id: 'sync~spin', color: 'charts.blue' },
  succeeded: { id: 'pass', color: 'testing.iconPassed' },
  failed: { id: 'error', color: 'testing.iconFailed' },
  timed_out: { id: 'watch', color: 'testing.iconFailed' },
  cancelled: { id: 'circle-slash' },
};

/** Where a run's row stands, which decides what need not be said again. */
export interface RunRowPlace {
  readonly folder: string;
  readonly under: 'agent' | 'runs';
  readonly state: FolderState;
}

/** The row of one run, under its agent (label: why it runs) or in the list of runs (label: the agent). */
export function runRow(run: Run, place: RunRowPlace, view: ViewSetting): TreeNode {
  const description = describe(run, place.state, view);
  const why = shorten(run.reason, 60);
  const label = place.under === 'runs' ? run.agent : why;
  return treeNode({
    id: `${place.under}-run:${place.folder}:${run.id}`,
    label,
    description: place.under === 'runs' && why !== '' ? `${description} · ${why}` : description,
    tooltip: tooltip(run, place.state, view),
    spoken: [run.agent, description, run.reason].join(', '),
    icon: iconOf(run),
    flags: [
      'run',
      run.status,
      run.isCancelling ? 'cancelling' : 'steady',
      ...(isActive(run) ? ['active'] : ['settled']),
      ...(hasChanges(run) ? ['changed'] : []),
    ].join(' '),
    subject: { kind: 'run', folder: place.folder, runId: run.id },
    command: 'reveille.run.openLog',
  });
}

/** A running run that wants something of a person looks like it. */
function iconOf(run: Run): TreeIcon {
  if (run.waitingSince !== null) return { id: 'comment-discussion', color: 'charts.yellow' };
  return run.stalledSince === null ? icons[run.status] : { id: 'warning', color: 'charts.yellow' };
}

/** True until a run has settled. */
export function isActive(run: Run): boolean {
  return run.status === 'queued' || run.status === 'running';
}

/** True for one whose changes can be looked at. */
export function hasChanges({ changes, logRemoval }: Run): boolean {
  return changes?.kind === 'recorded' && changes.files > 0 && logRemoval === null;
}

/** What a queued run waits for, with the time at which it is tried again. */
function waitText(run: Run, state: FolderState, { now, t }: ViewSetting): string {
  const secrets = run.heldFor === 'secrets' ? missingSecrets(state, run.agent) : [];
  if (secrets.length > 0) return t('waits for the secret {0}', secrets.join(', '));
  return formatWait(run, state.agents.get(run.agent)?.retries, now, t) ?? holdText(run.heldFor, t);
}

function attemptText(run: Run, state: FolderState, t: Translate): string | null {
  return run.attempt > 1 ? formatAttempt(run.attempt, state.agents.get(run.agent)?.retries, t) : null;
}

function describe(run: Run, state: FolderState, view: ViewSetting): string {
  const { now, t } = view;
  if (run.isCancelling) return t('cancelling…');
  if (run.heldFor === 'confirmation') return `${t('Continue?')} · ${holdText(run.heldFor, t)}`;
  if (run.status === 'queued') return `${t('queued')} · ${waitText(run, state, view)}`;
  const attempt = attemptText(run, state, t) ?? '';
  if (run.status === 'running') return describeRunning(run, attempt, { now, t });
  const duration = runDurationMs(run);
  const parts = [
    formatOutcome(run, t),
    attempt,
    duration === null ? '' : formatDuration(duration),
    costOfRun(run.usage).costMicros === null ? '' : formatCost(costOfRun(run.usage), t),
    formatRelativeTime(run.finishedAt ?? now, now, t),
  ];
  return parts.filter(Boolean).join(' · ');
}

function describeRunning(run: Run, attempt: string, { now, t }: ViewSetting): string {
  if (run.waitingSince !== null) {
    return `${t('waiting for you')} · ${t('asked {0}', formatRelativeTime(run.waitingSince, now, t))}`;
  }
  const parts = [t('running'), attempt, t('started {0}', formatRelativeTime(run.startedAt ?? run.queuedAt, now, t))];
  if (run.stalledSince !== null) parts.push(t('says nothing'));
  else if (run.message !== null) parts.push(shorten(run.message, 80));
  if (costOfRun(run.usage).costMicros !== null) parts.push(formatCost(costOfRun(run.usage), t));
  return parts.filter(Boolean).join(' · ');
}

function logText({ logBytes, logRemoval }: Run, t: Translate): string | null {
  if (logBytes === 0) return null;
  return logRemoval === null ? formatBytes(logBytes) : t('{0}, removed', formatBytes(logBytes));
}

function tooltip(run: Run, state: FolderState, view: ViewSetting): string {
  const { t } = view;
  const issue = run.issueId === null ? undefined : state.issues.get(run.issueId);
  const duration = runDurationMs(run);
  return factList(`${run.agent} · ${t('run {0}', run.number)}`, [
    [t('Status'), run.status === 'queued' ? `${t('queued')}, ${waitText(run, state, view)}` : formatOutcome(run, t)],
    [t('Attempt'), attemptText(run, state, t)],
    [t('Reason'), `${run.reason} (${sourceText(run.source, t)})`],
    [t('Issue'), issue === undefined ? null : `#${String(issue.number)} ${issue.title}`],
    [t('Started'), run.startedAt === null ? null : new Date(run.startedAt).toLocaleString()],
    [t('Duration'), duration === null ? null : formatDuration(duration)],
    [t('Cost'), runCostText(run.usage, t)],
    [t('Tokens'), runTokensText(run.usage, t)],
    [t('Changes'), run.changes === null ? null : changesText(run.changes, t)],
    [t('Log'), logText(run, t)],
    [run.status === 'running' ? t('Says') : t('What happened'), run.message],
  ]);
}
