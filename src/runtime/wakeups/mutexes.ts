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
  readonly provider: string | null;
}

/** What a run would occupy if it started with the definition in force. */
export function toOccupant({ taskKey }: Pick<RunRow, 'taskKey'>, { key, definition }: AgentRow): Occupant {
  const { adapter, cwd, shareCwd, provider } = definition;
  const sessionKey = sessionKeyOf(taskKey);
  return { agent: key, taskKey, adapter, sessionKey, cwd: shareCwd ? null : cwd, provider };
}

/**
 * Which of the runs that go on stands against another one; null if none does. Of one agent: never two in a scope, never two in
 * a session (no program can go on with one conversation twice), no more than it has slots. Of all: one in a
 * directory that is not shared, and with a provider as many as the definition of the one that is to start allows.
 */
export function busyReason(occupants: Iterable<Occupant>, next: Occupant, { definition }: AgentRow): HoldReason | null {
  const all = [...occupants];
  const own = all.filter(({ agent }) => agent === next.agent);
  if (own.some(({ taskKey }) => taskKey === next.taskKey)) return 'scope_busy';
  const hasSession = ({ sessionKey, adapter }: Occupant): boolean =>
    sessionKey === next.sessionKey && adapter === next.adapter;
  if (own.some(hasSession)) return 'session_busy';
  if (own.length >= definition.heartbeat.maxConcurrentRuns) return 'slots_busy';
  if (next.cwd !== null && all.some(({ cwd }) => cwd === next.cwd)) return 'cwd_busy';
  return isProviderFull(all, next, definition.providerSlots) ? 'provider_busy' : null;
}

function isProviderFull(all: readonly Occupant[], { provider }: Occupant, slots: number | null): boolean {
  return provider !== null && slots !== null && all.filter((one) => one.provider === provider).length >= slots;
}
