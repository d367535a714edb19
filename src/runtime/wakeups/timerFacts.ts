import { isQuiet } from '../quietHours.ts';
import type { AgentRow } from '../store/agentTable.ts';
import { hasIssueToDo } from '../store/issueTable.ts';
import type { Reader } from '../store/store.ts';
import { hasWaitingItem } from '../store/wakeupTable.ts';
import type { WakeSource } from '../model.ts';
import type { GateFacts } from './gate.ts';

/**
 * What the gate has to know of the moment, for a wake of this source; nothing is looked up for those that it does not concern.
 * `hasChanged`: whether anything that `onlyIf` names is not as the agent's last run left it; what is not known counts as changed.
 */
export function timerFacts(
  reader: Reader,
  agent: AgentRow,
  { source, at, hasChanged }: { readonly source: WakeSource; readonly at: number; readonly hasChanged: boolean },
): Pick<GateFacts, 'isQuiet' | 'isIdle'> {
  if (source !== 'timer') return { isQuiet: false, isIdle: false };
  const { quietHours, timezone, skipWhenIdle, onlyIf } = agent.definition.heartbeat;
  return {
    isQuiet: isQuiet(quietHours, timezone, at),
    isIdle:
      skipWhenIdle &&
      !(hasChanged && onlyIf.length > 0) &&
      !hasIssueToDo(reader, agent.key) &&
      !hasWaitingItem(reader, agent.key),
  };
}
