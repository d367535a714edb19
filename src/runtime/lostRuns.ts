import { adapterOf } from './adapters/adapters.ts';
import { layerEnvironments } from './adapters/environmentLayers.ts';
import type { LostRunOrigin } from './runs/lostEvidence.ts';
import { findAgent } from './store/agentTable.ts';
import type { RunRow } from './store/runTable.ts';
import { findSession } from './store/sessionTable.ts';
import type { Reader } from './store/store.ts';
import { sessionKeyOf } from './wakeups/sessionKey.ts';

/**
 * What a run that was lost with its runtime had been started with, by what is in force now; null if its agent has gone, or is of
 * another type by now. `base` is what every run gets of the machine.
 */
export function findOrigin(
  reader: Reader,
  { id, agent, taskKey, adapter }: RunRow,
  base: Readonly<Record<string, string>>,
): LostRunOrigin | null {
  const definition = findAgent(reader, agent)?.definition;
  if (definition === undefined || definition.adapter !== adapter) return null;
  const session = findSession(reader, { agent, taskKey: sessionKeyOf(taskKey), adapter });
  return {
    definition,
    adapter: adapterOf(definition.adapter),
    saved: session?.lastRunId === id ? session : null,
    env: layerEnvironments(process.platform, [base, definition.env]),
  };
}
