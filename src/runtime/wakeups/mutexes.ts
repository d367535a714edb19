import type { HoldReason } from '../model.ts';
import type { AgentRow } from '../store/agentTable.ts';
import type { RunRow } from '../store/runTable.ts';
import { sessionKeyOf } from './sessionKey.ts';

/** What a running run has for itself, and what it takes a share of. */
export interface Occupant {
  readonly agent: string;
  readonly taskKey: string;
  readonly adapter: string;
  readonly sessionKey: string;
  /** The directory it alone may write to; null if it shares. */
  readonly cwd: string | null;
}

/** What a run would occupy if it started with the definition in force. */
export function toOccupant({ taskKey }: Pick<RunRow, 'taskKey'>, { key, definition }: AgentRow): Occupant {
  const { adapter, cwd, shareCwd } = definition;
  return { agent: key, taskKey, adapter, sessionKey: sessionKeyOf(taskKey), cwd: shareCwd ? null : cwd };
}

/**
 * Which of the runs that go on stands against another one; null if none does. Of one agent: never two in a scope, never two in
 * a session (no program can go on with one conversation twice), no more than it has slots. Of all: one in a directory that is not shared.
 */
export function busyReason(occupants: Iterable<Occupant>, next: Occupant, { definition }: AgentRow): HoldReason | null {
  const all = [...occupants];
  const own = all.filter(({ agent }) => agent === next.agent);
  if (own.some(({ taskKey }) => taskKey === next.taskKey)) return 'scope_busy';
  const hasSession = ({ sessionKey, adapter }: Occupant): boolean =>
    sessionKey === next.sessionKey && adapter === next.adapter;
  if (own.some(hasSession)) return 'session_busy';
  if (own.length >= definition.heartbeat.maxConcurrentRuns) return 'slots_busy';
  return next.cwd !== null && all.some(({ cwd }) => cwd === next.cwd) ? 'cwd_busy' : null;
}
