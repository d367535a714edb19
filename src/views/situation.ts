import { dayCostText, shortDayCost } from '../costText.ts';
import type { Translate } from '../format.ts';
import type { AgentDay, Run } from '../runtime/model.ts';
import type { ViewedFolder } from './folderLevel.ts';

/** Why the views are empty, or that they need not be; the value of the context key `reveille.situation`. */
export type Situation = 'noFolder' | 'unused' | 'connecting' | 'failed' | 'missing' | 'invalid' | 'ready';

/** One word for all folders: what stands in the way of the most useful one. */
export function situationOf(folders: readonly ViewedFolder[]): Situation {
  if (folders.length === 0) return 'noFolder';
  const all = folders.map(situationOfFolder);
  const order: Situation[] = ['ready', 'invalid', 'failed', 'connecting', 'missing', 'unused'];
  return order.find((situation) => all.includes(situation)) ?? 'unused';
}

function situationOfFolder(folder: ViewedFolder): Situation {
  if (folder.state !== null && folder.status.kind !== 'failed') {
    return folder.state.configuration.status === 'ok' || folder.state.agents.size > 0
      ? 'ready'
      : folder.state.configuration.status;
  }
  switch (folder.status.kind) {
    case 'unused':
      return 'unused';
    case 'failed':
      return 'failed';
    case 'connecting':
    case 'connected':
      return 'connecting';
  }
}

/** What the status bar counts. */
export interface Totals {
  readonly running: number;
  readonly queued: number;
  readonly agents: number;
  readonly pending: number;
  readonly stopped: number;
  readonly connected: number;
  readonly failed: number;
  /** Folders whose configuration has a mistake. */
  readonly invalid: number;
  /** Agents of which a definition was accepted, so that they can run. */
  readonly runnable: number;
  /** What runs ask and nobody has answered. */
  readonly questions: number;
  /** Running runs that wait for the answer to a question. */
  readonly waiting: number;
  /** Running runs that say nothing. */
  readonly stalled: number;
}

export function totalsOf(folders: readonly ViewedFolder[]): Totals {
  const totals = {
    running: 0,
    queued: 0,
    agents: 0,
    pending: 0,
    stopped: 0,
    connected: 0,
    failed: 0,
    invalid: 0,
    runnable: 0,
    questions: 0,
    waiting: 0,
    stalled: 0,
  };
  for (const { status, state } of folders) {
    if (status.kind === 'failed') totals.failed += 1;
    if (state === null) continue;
    totals.connected += 1;
    totals.agents += state.agents.size;
    totals.questions += state.questions.size;
    totals.pending += state.configuration.pending.length;
    if (state.configuration.status === 'invalid') totals.invalid += 1;
    for (const agent of state.agents.values()) if (agent.isRunnable) totals.runnable += 1;
    if (state.runtime.isStopped) totals.stopped += 1;
    for (const run of state.runs.values()) countRun(run, totals);
  }
  return totals;
}

function countRun(run: Run, totals: { -readonly [name in keyof Totals]: Totals[name] }): void {
  if (run.stalledSince !== null) totals.stalled += 1;
  if (run.waitingSince !== null) totals.waiting += 1;
  if (run.status === 'running') totals.running += 1;
  else if (run.status === 'queued') totals.queued += 1;
}

/** What the status bar item says. */
export interface StatusItem {
  readonly text: string;
  readonly tooltip: string;
  readonly isError: boolean;
}

/** The status bar item, or null when no folder uses Reveille. The most pressing fact wins. */
export function statusItem(
  folders: readonly ViewedFolder[],
  isTrusted: boolean,
  t: Translate,
  now = Date.now(),
): StatusItem | null {
  const used = folders.filter((folder) => folder.status.kind !== 'unused');
  if (used.length === 0) return null;
  const totals = totalsOf(used);
  const days = used.flatMap(({ state }) => [...(state?.agents.values() ?? [])].map(({ today }) => today));
  const cost = shortDayCost(days, now, t);
  const text = statusText(used, isTrusted ? totals : { ...totals, pending: 0 }, t);
  return {
    text: cost === null || totals.connected === 0 ? text : `${text} · ${t('{0} today', cost)}`,
    tooltip: [
      statusTooltip(totals, t),
      dayCostLine(days, now, t),
      isTrusted ? '' : t('Restricted Mode: no agent starts before you trust this workspace.'),
    ]
      .filter(Boolean)
      .join('  \n'),
    isError: totals.failed > 0 && totals.connected === 0,
  };
}

function dayCostLine(days: readonly AgentDay[], now: number, t: Translate): string {
  const cost = dayCostText(days, now, t);
  return cost === null ? '' : t('Cost today: {0}', cost);
}

/** Said instead of counts: what is shown while a connection is made is of yesterday. */
function connectingText(folders: readonly ViewedFolder[], t: Translate): string | null {
  const connecting = folders.flatMap(({ status }) => (status.kind === 'connecting' ? [status] : []));
  if (connecting.some((status) => status.isWaitingForOlder === true))
    return t('Reveille: waiting for the older runtime');
  if (connecting.length === 0) return null;
  return connecting.some((status) => status.isReconnect) ? t('Reveille: reconnecting…') : t('Reveille: connecting…');
}

function statusText(folders: readonly ViewedFolder[], totals: Totals, t: Translate): string {
  if (totals.failed > 0 && totals.failed === folders.length)
    return `$(debug-disconnect) ${t('Reveille: not connected')}`;
  if (totals.stopped > 0 && totals.running === 0) return `$(debug-stop) ${t('Reveille: stopped')}`;
  const connecting = connectingText(folders, t);
  if (connecting !== null) return `$(pulse) ${connecting}`;
  if (totals.questions > 0) return `$(comment-discussion) ${waitingText(totals, t)}`;
  if (totals.running > 0) return `$(sync~spin) ${workText(totals, t)}`;
  if (totals.pending > 0) return `$(shield) ${t('Reveille: {0} to review', totals.pending)}`;
  if (totals.invalid > 0) return `$(warning) ${t('Reveille: mistake in the configuration')}`;
  if (totals.queued > 0) return `$(clock) ${t('Reveille: {0} queued', totals.queued)}`;
  return '$(pulse) Reveille';
}

/** What waits for a person, and what runs besides. */
function waitingText(totals: Totals, t: Translate): string {
  const waiting = t('{0} waiting for you', totals.questions);
  const working = totals.running - totals.waiting;
  return working > 0 ? `${waiting}, ${t('{0} running', working)}` : waiting;
}

/** What runs and what waits, in few words. */
export function workText({ running, queued }: Pick<Totals, 'running' | 'queued'>, t: Translate): string {
  if (running === 0 && queued === 0) return t('nothing runs or waits');
  return queued === 0 ? t('{0} running', running) : t('{0} running, {1} queued', running, queued);
}

/** What waits for the user, for the icon of the view container; undefined when nothing does. */
export function attentionBadge(
  folders: readonly ViewedFolder[],
  isTrusted: boolean,
  t: Translate,
): { readonly value: number; readonly tooltip: string } | undefined {
  const { pending: all, invalid, stalled } = totalsOf(folders);
  // Without trust nothing can be accepted, so nothing waits for the user.
  const pending = isTrusted ? all : 0;
  if (pending + invalid + stalled === 0) return undefined;
  const parts = [
    pending === 1 ? t('1 agent definition waits for your review') : '',
    pending > 1 ? t('{0} agent definitions wait for your review', pending) : '',
    invalid > 0 ? t('the configuration has a mistake') : '',
    stalled === 1 ? t('1 run says nothing') : '',
    stalled > 1 ? t('{0} runs say nothing', stalled) : '',
  ];
  return { value: pending + invalid + stalled, tooltip: parts.filter(Boolean).join(', ') };
}

function statusTooltip(totals: Totals, t: Translate): string {
  const lines = [
    '**Reveille**',
    totals.stopped > 0 ? t('All wakes are held by Stop Everything.') : '',
    totals.agents === 1
      ? t('1 agent, {0}', workText(totals, t))
      : t('{0} agents, {1}', totals.agents, workText(totals, t)),
    totals.pending === 1 ? t('1 agent definition waits for your review') : '',
    totals.pending > 1 ? t('{0} agent definitions wait for your review', totals.pending) : '',
    totals.questions === 1 ? t('1 question waits for you') : '',
    totals.questions > 1 ? t('{0} questions wait for you', totals.questions) : '',
    totals.stalled === 1 ? t('1 run says nothing') : '',
    totals.stalled > 1 ? t('{0} runs say nothing', totals.stalled) : '',
    totals.invalid > 0 ? t('The configuration has a mistake; the last good definitions stay in force.') : '',
    totals.failed === 1 ? t('1 folder is not connected.') : '',
    totals.failed > 1 ? t('{0} folders are not connected.', totals.failed) : '',
  ];
  return lines.filter(Boolean).join('  \n');
}
