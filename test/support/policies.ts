import { builtInAdapter, endurance, type AgentDefinition } from '../../src/runtime/definition.ts';
import type { HeartbeatPolicy } from '../../src/runtime/model.ts';

/** A heartbeat policy as the configuration fills it in, with differences. */
export function makePolicy(differences: Partial<HeartbeatPolicy> = {}): HeartbeatPolicy {
  return {
    enabled: true,
    intervalSec: 0,
    cron: null,
    timezone: null,
    catchUp: (differences.cron ?? null) === null ? 'skip' : 'once',
    quietHours: null,
    skipWhenIdle: false,
    onlyIf: [],
    wakeOnAssignment: true,
    wakeOnOnDemand: true,
    wakeOnAutomation: true,
    maxConcurrentRuns: 1,
    ...differences,
  };
}

/** An agent's definition that runs `node scripts/survey.mjs` in `folder`, with differences. */
export function makeDefinition(folder: string, differences: Partial<AgentDefinition> = {}): AgentDefinition {
  return {
    key: 'engineer',
    role: null,
    goal: null,
    reportsTo: null,
    adapter: 'process',
    command: 'node',
    args: ['scripts/survey.mjs'],
    shell: false,
    cwd: folder,
    shareCwd: false,
    provider: null,
    providerSlots: null,
    env: {},
    timeoutSec: 600,
    graceSec: 15,
    protocol: 'text',
    waitSec: 600,
    stallSec: 600,
    heartbeat: makePolicy(),
    ...endurance,
    namedHeartbeats: [],
    ...builtInAdapter,
    ...differences,
  };
}
