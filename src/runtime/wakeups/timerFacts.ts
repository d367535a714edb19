import { isQuiet } from '../quietHours.ts';
import type { AgentRow } from '../store/agentTable.ts';
import { hasIssueToDo } from '../store/issueTable.ts';
import type { Reader } from '../store/store.ts';
import { hasWaitingItem } from '../store/wakeupTable.ts';
import type { WakeSource } from '../model.ts';
import type { GateFacts } from './gate.ts';

/** What the gate has to know of the moment, for a wake of this source; nothing is looked up for those that it does not concern. */
export function timerFacts(
  reader: Reader,
  agent: AgentRow,
  { source, at }: { readonly source: WakeSource; readonly at: number },
): Pick<GateFacts, 'isQuiet' | 'isIdle'> {
  if (source !== 'timer') return { isQuiet: false, isIdle: false };
  const { quietHours, timezone, skipWhenIdle } = agent.definition.heartbeat;
  return {
    isQuiet: isQuiet(quietHours, timezone, at),
    isIdle: skipWhenIdle && !hasIssueToDo(reader, agent.key) && !hasWaitingItem(reader, agent.key),
  };
}
