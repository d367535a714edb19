import type { Actor, Audit } from '../governance/audit.ts';
import { setAgentState } from '../store/agentTable.ts';
import { clearStreaks } from '../store/streakTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import { explainTrip, type Trip } from './loopBreaker.ts';

/** Whose state it is, who changes it, and what that person said. */
interface StateChange {
  readonly agent: string;
  readonly by: Actor;
  readonly reason: string | null;
}

/** Holds what wakes an agent until it is resumed; what it does goes on. */
export function pauseAgent(transaction: StateTransaction, audit: Audit, { agent, by, reason }: StateChange): void {
  setAgentState(transaction, agent, 'paused', reason ?? 'Paused by hand');
  const entry = { actor: by, action: 'agent.paused', target: `agent:${agent}`, agent, text: reason } as const;
  audit.record(transaction, entry);
  transaction.touchAgent(agent);
}

/** Lets an agent go on that was paused, or stopped itself: what it repeated is counted anew. */
export function resumeAgent(transaction: StateTransaction, audit: Audit, agent: string, by: Actor): void {
  setAgentState(transaction, agent, 'active', null);
  clearStreaks(transaction, agent);
  audit.record(transaction, { actor: by, action: 'agent.resumed', target: `agent:${agent}`, agent });
  transaction.touchAgent(agent);
}

/** An agent stops itself. */
export function tripAgent(
  transaction: StateTransaction,
  audit: Audit,
  { agent, runId, trip }: { readonly agent: string; readonly runId: string; readonly trip: Trip },
): void {
  setAgentState(transaction, agent, 'tripped', explainTrip(trip));
  const details = { rule: trip.rule, count: trip.count };
  const entry = { actor: 'runtime', action: 'agent.tripped', target: `agent:${agent}` } as const;
  audit.record(transaction, { ...entry, agent, runId, result: trip.rule, details });
  transaction.touchAgent(agent);
}

/** Nothing wakes the agent any more. Its runs and wakeups are ended by the caller. */
export function markTerminated(transaction: StateTransaction, audit: Audit, { agent, by, reason }: StateChange): void {
  setAgentState(transaction, agent, 'terminated', reason ?? 'Terminated by hand');
  clearStreaks(transaction, agent);
  const entry = { actor: by, action: 'agent.terminated', target: `agent:${agent}`, agent, text: reason } as const;
  audit.record(transaction, entry);
  transaction.touchAgent(agent);
}
