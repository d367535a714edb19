import type { TimelineCursor, TimelineEntry, WhyNow } from '../insight.ts';
import type { HeartbeatPolicy, HoldReason, WakeSource } from '../model.ts';
import { wakeSources } from '../model.ts';
import { allows, judge, type AgentFacts, type FolderFacts } from './gate.ts';

/** What the answer for this moment follows from. */
export interface NowFacts {
  /** The gate's facts of the folder and the agent; what is special to one wake is left out. */
  readonly gate: FolderFacts & AgentFacts;
  /** Said when it was paused. */
  readonly note: string | null;
  readonly nextHeartbeatAt: number | null;
  /** What the next heartbeat would be skipped for, as far as it is known now. */
  readonly willSkip: 'quiet_hours' | 'nothing_to_do' | null;
  readonly running: { readonly id: string; readonly number: number; readonly startedAt: number } | null;
  /** Its queued run that may start first. */
  readonly queued: {
    readonly id: string;
    readonly number: number;
    readonly queuedAt: number;
    readonly heldFor: HoldReason | null;
  } | null;
  readonly queuedCount: number;
  /** What stands before `queued`. */
  readonly ahead: Extract<WhyNow, { kind: 'queued' }>['ahead'];
}

/** Why an agent runs, will run or does not: what holds all of its wakes comes before what one of them waits for. */
export function explainNow(facts: NowFacts): WhyNow {
  const { gate, running, queued, queuedCount: waiting } = facts;
  if (running) return { kind: 'running', runId: running.id, number: running.number, since: running.startedAt };
  const obstacle = obstacleOf(gate);
  if (obstacle !== null) return { kind: 'held', reason: obstacle, note: facts.note, waiting };
  if (queued) {
    const { id, number, heldFor, queuedAt } = queued;
    return { kind: 'queued', runId: id, number, reason: heldFor, since: queuedAt, ahead: facts.ahead };
  }
  if (facts.nextHeartbeatAt !== null && gate.heartbeat.enabled) {
    const { onlyIf } = gate.heartbeat;
    return { kind: 'scheduled', at: facts.nextHeartbeatAt, willSkip: facts.willSkip, onlyIf };
  }
  return { kind: 'asked', sources: sourcesOf(gate.heartbeat) };
}

/** What keeps every wake of an agent from starting, whatever asks for it (or those that a person wants now anyway); null if nothing does. */
export function obstacleOf(gate: NowFacts['gate'], isForced = false): HoldReason | 'terminated' | null {
  const heartbeat = { ...gate.heartbeat, wakeOnOnDemand: true };
  const wake = { source: 'on_demand', isForced, isQuiet: false, isIdle: false } as const;
  const verdict = judge({ ...gate, ...wake, heartbeat, issueStatus: null, isBlocked: false });
  if (verdict.kind === 'hold') return verdict.reason;
  return verdict.kind === 'refuse' ? 'terminated' : null;
}

function sourcesOf(heartbeat: HeartbeatPolicy): WakeSource[] {
  return wakeSources.filter((source) => source !== 'timer' && allows(heartbeat, source));
}

/** An entry with its number in the source that it came from. */
export interface NumberedEntry {
  readonly number: number;
  readonly entry: TimelineEntry;
}

/** The next entries of each source, newest first; each as many as the page has, and one more. */
export type TimelineSources = Readonly<Record<keyof TimelineCursor, readonly NumberedEntry[]>>;

/** Before anything was shown. */
export const timelineStart: TimelineCursor = {
  wakeup: Number.MAX_SAFE_INTEGER,
  run: Number.MAX_SAFE_INTEGER,
  agentActivity: Number.MAX_SAFE_INTEGER,
  folderActivity: Number.MAX_SAFE_INTEGER,
  skipDay: Number.MAX_SAFE_INTEGER,
};

/** At one time, what came of something stands above what it came of. */
const order: readonly (keyof TimelineCursor)[] = ['skipDay', 'run', 'wakeup', 'agentActivity', 'folderActivity'];

/**
 * One page of the timeline: the newest entries of all sources. Each source goes on behind its own last number, so that nothing
 * is shown twice or left out even where the clock was set back between two entries. `next` is null at the end.
 */
export function mergeTimeline(
  sources: TimelineSources,
  cursor: TimelineCursor,
  limit: number,
): { readonly entries: TimelineEntry[]; readonly next: TimelineCursor | null } {
  const entries: TimelineEntry[] = [];
  const taken = { wakeup: 0, run: 0, agentActivity: 0, folderActivity: 0, skipDay: 0 };
  const next = { ...cursor };
  for (;;) {
    let newest: { readonly source: keyof TimelineCursor; readonly head: NumberedEntry } | null = null;
    for (const source of order) {
      const head = sources[source][taken[source]];
      if (head && (newest === null || head.entry.at > newest.head.entry.at)) newest = { source, head };
    }
    if (newest === null) return { entries, next: null };
    if (entries.length === limit) return { entries, next };
    entries.push(newest.head.entry);
    next[newest.source] = newest.head.number;
    taken[newest.source] += 1;
  }
}
