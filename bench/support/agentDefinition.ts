import { builtInAdapter, endurance, type AgentDefinition } from '../../src/runtime/definition.ts';

/** An agent of the `process` adapter as a configuration would define it. */
export function defineAgent(key: string, cwd: string): AgentDefinition {
  return {
    key,
    role: 'Looks after one part of the code',
    goal: null,
    reportsTo: null,
    adapter: 'process',
    command: 'npm',
    args: ['run', 'check', '--', '--changed-only'],
    shell: false,
    cwd,
    shareCwd: false,
    provider: null,
    providerSlots: null,
    env: {},
    timeoutSec: 1800,
    graceSec: 15,
    protocol: 'text',
    waitSec: 600,
    stallSec: 600,
    heartbeat: {
      enabled: true,
      intervalSec: 0,
      cron: null,
      timezone: null,
      catchUp: 'skip',
      quietHours: null,
      skipWhenIdle: false,
      onlyIf: [],
      wakeOnAssignment: true,
      wakeOnOnDemand: true,
      wakeOnAutomation: true,
      maxConcurrentRuns: 1,
    },
    ...endurance,
    namedHeartbeats: [],
    ...builtInAdapter,
  };
}
