import type { Translate } from '../format.ts';
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
}

export function totalsOf(folders: readonly ViewedFolder[]): Totals {
  const totals = { running: 0, queued: 0, agents: 0, pending: 0, stopped: 0, connected: 0, failed: 0 };
  for (const { status, state } of folders) {
    if (status.kind === 'failed') totals.failed += 1;
    if (state === null) continue;
    totals.connected += 1;
    totals.agents += state.agents.size;
    totals.pending += state.configuration.pending.length;
    if (state.runtime.isStopped) totals.stopped += 1;
    for (const run of state.runs.values()) {
      if (run.status === 'running') totals.running += 1;
      else if (run.status === 'queued') totals.queued += 1;
    }
  }
  return totals;
}

/** What the status bar item says. */
export interface StatusItem {
  readonly text: string;
  readonly tooltip: string;
  readonly isError: boolean;
}

/** The status bar item, or null when no folder uses Reveille. The most pressing fact wins. */
export function statusItem(folders: readonly ViewedFolder[], t: Translate): StatusItem | null {
  const used = folders.filter((folder) => folder.status.kind !== 'unused');
  if (used.length === 0) return null;
  const totals = totalsOf(used);
  return {
    text: statusText(used, totals, t),
    tooltip: statusTooltip(totals, t),
    isError: totals.failed > 0 && totals.connected === 0,
  };
}

function statusText(folders: readonly ViewedFolder[], totals: Totals, t: Translate): string {
  if (totals.failed > 0 && totals.failed === folders.length)
    return `$(debug-disconnect) ${t('Reveille: not connected')}`;
  if (totals.stopped > 0 && totals.running === 0) return `$(debug-stop) ${t('Reveille: stopped')}`;
  if (totals.running > 0) return `$(sync~spin) ${t('{0} running', totals.running)}`;
  if (totals.pending > 0) return `$(shield) ${t('Reveille: {0} to review', totals.pending)}`;
  if (folders.some((folder) => folder.state === null)) return `$(pulse) ${t('Reveille: connecting…')}`;
  return '$(pulse) Reveille';
}

function statusTooltip(totals: Totals, t: Translate): string {
  const lines = [
    '**Reveille**',
    totals.stopped > 0 ? t('All wakes are held by Stop Everything.') : '',
    t('{0} agents, {1} runs running, {2} queued', totals.agents, totals.running, totals.queued),
    totals.pending > 0 ? t('{0} agent definitions wait for your review.', totals.pending) : '',
    totals.failed > 0 ? t('{0} folders are not connected.', totals.failed) : '',
  ];
  return lines.filter(Boolean).join('  \n');
}
