import type { RunRequest } from '../../src/runtime/adapters/adapter.ts';
import type { AgentDefinition, ClaudeOptions } from '../../src/runtime/definition.ts';
import { makeDefinition } from './policies.ts';

const options: ClaudeOptions = {
  model: null,
  effort: null,
  maxTurns: null,
  permissionMode: null,
  permissionTool: null,
  tools: [],
  disallowedTools: [],
  mcpServers: {},
  projectSettings: false,
};

/** An agent of type `claude_local` as a configuration would define it, with differences. */
export function makeClaudeAgent(
  claude: Partial<ClaudeOptions> = {},
  differences: Partial<AgentDefinition> = {},
): AgentDefinition {
  return makeDefinition('/home/me/project', {
    adapter: 'claude_local',
    command: 'claude',
    args: [],
    ...differences,
    claude: { ...options, ...claude },
  });
}

/** What a run of such an agent is for, with differences. */
export function makeClaudeRequest(differences: Partial<RunRequest> = {}): RunRequest {
  return {
    runId: '01RUN',
    agentKey: 'engineer',
    taskKey: 'issue-12',
    session: null,
    sessionRun: 1,
    source: 'assignment',
    reason: 'Issue #12 was assigned',
    issue: null,
    prompt: 'Please fix it.\n',
    workspaceFolder: '/home/me/project',
    baseEnvironment: { PATH: '/usr/bin', HOME: '/home/me' },
    secrets: {},
    runDirectory: '/home/me/.state/01RUN.run',
    ...differences,
  };
}
