import type { AgentDefinition, ClaudeOptions, McpServer } from '../definition.ts';
import type { ProcessPlan, RunRequest } from './adapter.ts';
import { sortArguments } from './claudeArguments.ts';
import { describeServers } from './claudeServers.ts';
import { claudeSession } from './claudeSession.ts';
import { layerEnvironments } from './environmentLayers.ts';
import { toFile } from './process.ts';
import { toRunEnvironment } from './runEnvironment.ts';

/** Tools that keep a run alive after its work, or wake it by themselves: that is what Reveille is for. */
const ownClock = ['ScheduleWakeup', 'CronCreate', 'Monitor', 'Workflow'];
/** Tools that only come with a tool for permissions, and that nobody could answer through it. */
const interactive = ['AskUserQuestion', 'EnterPlanMode', 'ExitPlanMode'];
/** A fault that lasts is for the next attempt of the run, which others do not wait for. */
const retries = 2;
/** Longest call of a tool of a server that says nothing of its own, in seconds. */
const toolCallSec = 600;

/** The options of a definition of type `claude_local`. @throws Error for another one */
export function claudeOptionsOf({ key, claude }: AgentDefinition): ClaudeOptions {
  if (claude === null) throw new Error(`The agent ${key} is not driven by claude`);
  return claude;
}

/** The plan of a run of type `claude_local` on the given platform: print mode, the prompt on standard input. */
export function planClaude(platform: NodeJS.Platform, definition: AgentDefinition, request: RunRequest): ProcessPlan {
  const options = claudeOptionsOf(definition);
  const names = Object.keys(options.mcpServers);
  const servers = names.length === 0 ? null : describeServers(options.mcpServers, request);
  const ours = { ...toOwnEnvironment(options.mcpServers), ...servers?.env };
  const baseEnvironment = layerEnvironments(platform, [request.baseEnvironment, ours]);
  return {
    kind: 'process',
    file: toFile(platform, definition, request),
    args: [...toArguments(options, request, servers?.path ?? null), ...sortArguments(definition.args).passed],
    shell: false,
    cwd: definition.cwd,
    env: toRunEnvironment(platform, definition, { ...request, baseEnvironment }),
    stdin: request.prompt,
    ...(servers !== null && { files: [servers.file] }),
  };
}

/** What an agent's own `env` may say otherwise. */
function toOwnEnvironment(servers: Readonly<Record<string, McpServer>>): Record<string, string> {
  const longest = Math.max(toolCallSec, ...Object.values(servers).map(({ timeoutSec }) => timeoutSec));
  return {
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    CLAUDE_CODE_MAX_RETRIES: String(retries),
    MCP_TOOL_TIMEOUT: String(longest * 1000),
  };
}

/**
 * Values are joined to their flags by `=`: some flags take any number of values, and would take what follows for one, and no value
 * can be taken for a flag.
 */
function toArguments(options: ClaudeOptions, { session }: RunRequest, serversPath: string | null): string[] {
  const { projectSettings, permissionTool, tools, disallowedTools } = options;
  const id = claudeSession.parse(session)?.['id'];
  const denied = [...ownClock, ...(permissionTool === null ? [] : interactive), ...disallowedTools];
  return [
    '-p',
    '--output-format=stream-json',
    '--verbose',
    '--include-partial-messages',
    ...(projectSettings ? [] : ['--setting-sources=user', '--strict-mcp-config']),
    ...toFlag('resume', id ?? null),
    ...toFlag('model', options.model),
    ...toFlag('effort', options.effort),
    ...toFlag('max-turns', options.maxTurns),
    ...toFlag('permission-mode', options.permissionMode),
    ...toFlag('permission-prompt-tool', permissionTool),
    ...toFlag('mcp-config', serversPath),
    ...tools.map((tool) => `--allowedTools=${tool}`),
    ...[...new Set(denied)].map((tool) => `--disallowedTools=${tool}`),
  ];
}

function toFlag(name: string, value: string | number | null): string[] {
  return value === null ? [] : [`--${name}=${String(value)}`];
}
