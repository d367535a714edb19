import path from 'node:path';
import {
  builtInAdapter,
  builtInTalk,
  type AdapterType,
  type AgentDefinition,
  type LoopBreakerLimits,
  type McpServer,
  type SecretText,
  type SessionLimits,
} from '../definition.ts';
import { onlyIfKinds, type HeartbeatPolicy, type NamedHeartbeat } from '../model.ts';
import type { AgentConfiguration } from './agentSchema.ts';
import { heartbeatMap } from './fieldSchemas.ts';
import type { Configuration } from './schema.ts';

/**
 * Which adapters' agents have nothing to do without an issue or a message, unless they are given a goal or a prompt: not
 * programs and servers that do their own.
 */
const skipsWhenIdle: Readonly<Record<AdapterType, boolean>> = {
  process: false,
  claude_local: true,
  codex_local: true,
  http: false,
};

/** The account whose limits the agents of an adapter share unless they name another; null = each has its own. */
const accounts: Readonly<Record<AdapterType, string | null>> = {
  process: null,
  claude_local: 'claude',
  codex_local: 'codex',
  http: null,
};

/** The agents of a valid configuration, in the order of the file, with all defaults filled in. */
export function toDefinitions(
  { agents, defaults: base, heartbeats, providers, prices }: Configuration,
  folder: string,
): AgentDefinition[] {
  return Object.entries(agents).map(([key, configured]) => ({
    key,
    role: configured.role ?? null,
    goal: configured.goal ?? null,
    reportsTo: configured.reportsTo ?? null,
    adapter: configured.adapter,
    ...toProgram(configured),
    ...toOptions(configured),
    cwd: path.resolve(
      folder,
      configured.cwd.replaceAll('${workspaceFolder}', () => folder),
    ),
    shareCwd: configured.shareCwd,
    provider: configured.provider ?? accounts[configured.adapter],
    providerSlots: slotsOf(configured.provider, providers),
    ...splitEnvironment({ ...base.env, ...configured.env }),
    timeoutSec: configured.timeoutSec ?? base.timeoutSec,
    graceSec: configured.graceSec ?? base.graceSec,
    retries: configured.retries ?? base.retries,
    loopBreaker: toLimits(configured.loopBreaker),
    // A server is asked once: an answer reaches it with another run.
    waitSec: configured.adapter === 'http' ? 0 : configured.waitSec,
    stallSec: configured.stallSec,
    bootstrapPromptTemplate: configured.bootstrapPromptTemplate ?? null,
    promptTemplate: configured.promptTemplate ?? null,
    session: toSessionLimits(configured),
    prices,
    heartbeat: toPolicy(configured),
    namedHeartbeats: namedFor(key, heartbeats),
  }));
}

/** What is executed, and how it is spoken to. */
function toProgram(
  configured: AgentConfiguration,
): Pick<AgentDefinition, 'command' | 'args' | 'shell' | 'protocol' | 'resumable'> {
  const { protocol } = builtInTalk;
  switch (configured.adapter) {
    case 'process': {
      const { command, args, shell, resumable } = configured;
      return { command, args, shell, resumable, protocol: configured.protocol };
    }
    case 'claude_local':
    case 'codex_local':
      return { command: configured.command, args: configured.args, shell: false, protocol, resumable: true };
    case 'http':
      return { command: '', args: [], shell: false, protocol, resumable: false };
  }
}

const noOptions = { claude: null, codex: null, http: null };

function toOptions(configured: AgentConfiguration): Pick<AgentDefinition, 'claude' | 'codex' | 'http'> {
  const { adapter } = configured;
  if (adapter === 'claude_local') {
    const { model, effort, maxTurns, permissionMode, permissionTool, tools, disallowedTools, projectSettings } =
      configured;
    const claude = {
      model: model ?? null,
      effort: effort ?? null,
      maxTurns: maxTurns ?? null,
      permissionMode: permissionMode ?? null,
      permissionTool: permissionTool ?? null,
      tools,
      disallowedTools,
      projectSettings,
      mcpServers: toServers(configured.mcpServers),
    };
    return { ...noOptions, claude };
  }
  if (adapter === 'codex_local') {
    const { model, effort, sandbox } = configured;
    const mcpServers = toServers(configured.mcpServers);
    return { ...noOptions, codex: { model: model ?? null, effort: effort ?? null, sandbox, mcpServers } };
  }
  if (adapter === 'http') {
    const { url, headers, pollSec } = configured;
    return { ...noOptions, http: { url, headers, pollSec } };
  }
  return noOptions;
}

type ConfiguredServers = Extract<AgentConfiguration, { adapter: 'codex_local' }>['mcpServers'];

function toServers(configured: ConfiguredServers): Record<string, McpServer> {
  const servers = Object.entries(configured).map(([name, server]): [string, McpServer] => [
    name,
    'url' in server ? { type: 'http', ...server } : { type: 'stdio', ...server },
  ]);
  return Object.fromEntries(servers);
}

/** Plain values apart from references to secrets. */
function splitEnvironment(all: Readonly<Record<string, SecretText>>): Pick<AgentDefinition, 'env' | 'secretEnv'> {
  const env: Record<string, string> = {};
  const secretEnv: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (typeof value === 'string') env[name] = value;
    else secretEnv[name] = value.secret;
  }
  return { env, secretEnv };
}

/** Conversations with a model are given up before they are useless; what other programs keep is theirs. */
const conversationLimits: SessionLimits = { maxRuns: 50, maxAgeHours: 168, maxContextTokens: 150_000 };

function toSessionLimits({ adapter, session }: AgentConfiguration): SessionLimits {
  const hasModel = adapter === 'claude_local' || adapter === 'codex_local';
  const base = hasModel ? conversationLimits : builtInAdapter.session;
  return {
    maxRuns: session.maxRuns ?? base.maxRuns,
    maxAgeHours: session.maxAgeHours ?? base.maxAgeHours,
    maxContextTokens: session.maxContextTokens ?? base.maxContextTokens,
  };
}

function slotsOf(provider: string | undefined, providers: Configuration['providers']): number | null {
  return provider === undefined ? null : (providers[provider]?.maxConcurrentRuns ?? null);
}

function toLimits(configured: AgentConfiguration['loopBreaker']): LoopBreakerLimits {
  return configured === false ? { failures: 0, sameError: 0, unchanged: 0 } : configured;
}

/** The share that an agent has in the named heartbeats that are on. */
function namedFor(key: string, heartbeats: Configuration['heartbeats']): NamedHeartbeat[] {
  return Object.entries(heartbeats)
    .filter(([, { enabled, agents }]) => enabled && agents.includes(key))
    .map(([name, { schedule, timezone: zone, catchUp: policy, goal }]) => ({
      name,
      cron: schedule.trim(),
      timezone: zone ?? null,
      catchUp: policy,
      goal,
    }));
}

function toPolicy({ heartbeat, enabled, adapter, goal, promptTemplate }: AgentConfiguration): HeartbeatPolicy {
  const policy = typeof heartbeat === 'string' ? heartbeatMap.parse({ cron: heartbeat }) : heartbeat;
  return {
    enabled: enabled && policy.enabled,
    intervalSec: policy.intervalSec,
    cron: policy.cron?.trim() ?? null,
    timezone: policy.timezone ?? null,
    catchUp: policy.catchUp ?? (policy.cron === undefined ? 'skip' : 'once'),
    quietHours: policy.quietHours ?? null,
    skipWhenIdle:
      policy.skipWhenIdle ??
      (policy.onlyIf !== undefined || (skipsWhenIdle[adapter] && goal === undefined && promptTemplate === undefined)),
    onlyIf: onlyIfKinds.filter((kind) => [policy.onlyIf].flat().includes(kind)),
    wakeOnAssignment: enabled && policy.wakeOnAssignment,
    wakeOnOnDemand: enabled && policy.wakeOnOnDemand,
    wakeOnAutomation: enabled && policy.wakeOnAutomation,
    maxConcurrentRuns: policy.maxConcurrentRuns,
  };
}
