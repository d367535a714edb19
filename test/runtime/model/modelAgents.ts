import type { AgentDefinition } from '../../../src/runtime/definition.ts';
import type { putAgentDefinition } from '../../../src/runtime/store/agentTable.ts';
import { makeDefinition, makePolicy } from '../../support/policies.ts';

export const agents = ['solo', 'wide', 'twin', 'idler'] as const;

/** Agents that the mutexes and limits concern in different ways. */
const differences: Readonly<Record<(typeof agents)[number], Partial<AgentDefinition>>> = {
  solo: { cwd: '/srv/solo', resumable: true, session: { maxRuns: 2, maxAgeHours: 0, maxContextTokens: 0 } },
  wide: { cwd: '/srv/wide', shareCwd: true, heartbeat: makePolicy({ maxConcurrentRuns: 3 }) },
  twin: { cwd: '/srv/wide', heartbeat: makePolicy({ maxConcurrentRuns: 2 }) },
  idler: { cwd: '/srv/solo', heartbeat: makePolicy({ skipWhenIdle: true }) },
};

/** An agent as it is accepted, whose conversations are led by an adapter. */
export function toAgentRow(
  key: (typeof agents)[number],
  adapter: 'claude_local' | 'codex_local',
): Parameters<typeof putAgentDefinition>[1] {
  // Limits are those of the agent, whatever leads it.
  const definition = makeDefinition('/srv/work', { key, adapter, provider: key, ...differences[key] });
  return { key, position: agents.indexOf(key), definition, fingerprint: 'f', isEnforced: true, anchorAt: 0 };
}
