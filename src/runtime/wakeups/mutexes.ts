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
  /** The issue that nobody else works on meanwhile. */
  readonly issueId: string | null;
  /** The directory it alone may write to; null if it shares. */
  readonly cwd: string | null;
  readonly provider: string | null;
}

/** What a run would occupy if it started with the definition in force. */
export function toOccupant(
  { taskKey, issueId }: Pick<RunRow, 'taskKey' | 'issueId'>,
  { key, definition }: AgentRow,
): Occupant {
  const { adapter, cwd, shareCwd, provider } = definition;
  const sessionKey = sessionKeyOf(taskKey);
  return { agent: key, taskKey, adapter, sessionKey, issueId, cwd: shareCwd ? null : cwd, provider };
}

/**
 * Which of the runs that go on stands against another one; null if none does. Of one agent: never two in a scope, never two in
 * a session (no program can go on with one conversation twice), no more than it has slots. Of all: one on an issue, one in a
 * directory that is not shared, and with a provider as many as the definition of the one that is to start allows.
 */
export function busyReason(occupants: readonly Occupant[], next: Occupant, agent: AgentRow): HoldReason | null {
  const own = occupants.filter((one) => one.agent === next.agent);
  if (own.some(({ taskKey }) => taskKey === next.taskKey)) return 'scope_busy';
  const hasSession = ({ sessionKey, adapter }: Occupant): boolean =>
    sessionKey === next.sessionKey && adapter === next.adapter;
  if (own.some(hasSession)) return 'session_busy';
  if (next.issueId !== null && occupants.some(({ issueId }) => issueId === next.issueId)) return 'issue_busy';
  return sharedReason(occupants, agent);
}

/** The part of `busyReason` that is the same for all runs of an agent. */
export function sharedReason(
  occupants: readonly Occupant[],
  { key, definition }: AgentRow,
): 'slots_busy' | 'cwd_busy' | 'provider_busy' | null {
  const { heartbeat, cwd, shareCwd, provider, providerSlots } = definition;
  const own = occupants.filter(({ agent }) => agent === key);
  if (own.length >= heartbeat.maxConcurrentRuns) return 'slots_busy';
  if (!shareCwd && occupants.some((one) => one.cwd === cwd)) return 'cwd_busy';
  if (provider === null || providerSlots === null) return null;
  return occupants.filter((one) => one.provider === provider).length >= providerSlots ? 'provider_busy' : null;
}
