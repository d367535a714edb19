import type { RunRequest } from '../../src/runtime/adapters/adapter.ts';

/** What an adapter is asked to plan for, with differences. */
export function makeRunRequest(differences: Partial<RunRequest> = {}): RunRequest {
  return {
    runId: '01RUN',
    agentKey: 'engineer',
    taskKey: 'on_demand',
    session: null,
    sessionRun: 1,
    source: 'on_demand',
    reason: 'Woken by hand',
    issue: null,
    prompt: 'Do it.\n',
    workspaceFolder: '/srv',
    baseEnvironment: { PATH: '/bin' },
    secrets: {},
    runDirectory: '/logs/01RUN.run',
    ...differences,
  };
}
