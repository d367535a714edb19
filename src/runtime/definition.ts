import type { HeartbeatPolicy, NamedHeartbeat } from './model.ts';

/** How often in a row an agent may go wrong in one way before it stops itself; 0 = as often as it does. */
export interface LoopBreakerLimits {
  /** Runs of it that failed. */
  readonly failures: number;
  /** Runs of it that failed with the same error. */
  readonly sameError: number;
  /** Runs on one issue that changed neither files nor the issue. */
  readonly unchanged: number;
}

/** What an agent gets where its configuration says nothing about attempts and repetition. */
export const endurance = {
  retries: 2,
  resumable: false,
  loopBreaker: { failures: 5, sameError: 3, unchanged: 5 },
} as const;

/** How agents can be driven; each has a file in `adapters/`. */
export const adapterTypes = ['process', 'claude_local', 'codex_local', 'http'] as const;
export type AdapterType = (typeof adapterTypes)[number];

/** A value as it stands in the file, or the name of a secret that the user keeps outside of it. */
export type SecretText = string | { readonly secret: string };

/** A server of tools (Model Context Protocol) that an agent's program is told of. */
export type McpServer =
  | {
      readonly type: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, SecretText>>;
      /** Longest call of one of its tools, in seconds: a person may have to decide first. */
      readonly timeoutSec: number;
    }
  | {
      readonly type: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, SecretText>>;
      readonly timeoutSec: number;
    };

/** What is particular to agents of type `claude_local`; null leaves it to the program. */
export interface ClaudeOptions {
  readonly model: string | null;
  readonly effort: string | null;
  /** Model calls of one run; null = no limit. */
  readonly maxTurns: number | null;
  readonly permissionMode: string | null;
  /** The MCP tool that is asked for permissions, as `mcp__<server>__<tool>`. */
  readonly permissionTool: string | null;
  /** Allowed without asking, such as `Bash(npm test:*)`. */
  readonly tools: readonly string[];
  readonly disallowedTools: readonly string[];
  readonly mcpServers: Readonly<Record<string, McpServer>>;
  /** True: settings, hooks and MCP servers of the workspace folder count too; they are part of what the user accepts. */
  readonly projectSettings: boolean;
}

/** What is particular to agents of type `codex_local`; null leaves it to the program. */
export interface CodexOptions {
  readonly model: string | null;
  readonly effort: string | null;
  readonly sandbox: 'read-only' | 'workspace-write' | 'danger-full-access';
  readonly mcpServers: Readonly<Record<string, McpServer>>;
}

/** What is particular to agents of type `http`. */
export interface HttpOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, SecretText>>;
  /** Seconds between two looks at the status of a run that the server works on. */
  readonly pollSec: number;
}

/** When a session is given up for a fresh one that is told what the old one came to; 0 = never for that. */
export interface SessionLimits {
  readonly maxRuns: number;
  readonly maxAgeHours: number;
  readonly maxContextTokens: number;
}

/** Dollars per million tokens, which are micro-dollars per token. */
export interface ModelPrice {
  readonly input: number;
  /** Of input read from a cache, and written to one; null = as other input. */
  readonly cachedInput: number | null;
  readonly cacheWrite: number | null;
  readonly output: number;
}

/** An agent as its configuration defines it, with all defaults filled in and paths made absolute. */
export interface AgentDefinition {
  readonly key: string;
  readonly role: string | null;
  readonly goal: string | null;
  readonly reportsTo: string | null;
  readonly adapter: AdapterType;
  /** A program name looked up on the PATH, or a path; relative paths count from the workspace folder. '' for `http`. */
  readonly command: string;
  readonly args: readonly string[];
  /** True: `command` is a line for the system's shell and `args` are appended to it, quoted. */
  readonly shell: boolean;
  /** Absolute. */
  readonly cwd: string;
  /** True lifts the rule that one run at a time works in a directory. */
  readonly shareCwd: boolean;
  /** The account or service whose limits its runs share with those of other agents, by a name of the file's; null = none. */
  readonly provider: string | null;
  /** Runs with its provider at a time, in this folder; null = no limit. */
  readonly providerSlots: number | null;
  readonly env: Readonly<Record<string, string>>;
  /** Environment variables whose values are secrets: the names of those, by variable. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Longest execution of one run, in seconds; 0 = no limit. */
  readonly timeoutSec: number;
  /** Seconds between the polite end and the kill of the whole process tree. */
  readonly graceSec: number;
  /** Further attempts after one that failed for the moment only, or was lost. */
  readonly retries: number;
  /** True: a run that was lost may be given to the program again; it goes on where it was, or does no harm twice. */
  readonly resumable: boolean;
  readonly loopBreaker: LoopBreakerLimits;
  /** How it tells what it does: `text` for nothing but output, `jsonl` for docs/process-protocol.md. */
  readonly protocol: 'text' | 'jsonl';
  /** Seconds that a run waits for the answer to a question; 0 = it never waits. */
  readonly waitSec: number;
  /** Seconds without output after which a run is said to stall; 0 = never. */
  readonly stallSec: number;
  /** The options of its adapter; null for all others. */
  readonly claude: ClaudeOptions | null;
  readonly codex: CodexOptions | null;
  readonly http: HttpOptions | null;
  /** What it is told at the first run of a session, and at later ones; null = the built-in text. */
  readonly bootstrapPromptTemplate: string | null;
  readonly promptTemplate: string | null;
  readonly session: SessionLimits;
  /** What tokens of models cost instead of their list prices, by the name of the model. */
  readonly prices: Readonly<Record<string, ModelPrice>>;
  readonly heartbeat: HeartbeatPolicy;
  /** Those that name it, in the order of the file. */
  readonly namedHeartbeats: readonly NamedHeartbeat[];
}

/** What a definition that says nothing of these means; definitions in force may be older than the settings. */
export const builtInTalk = { protocol: 'text', waitSec: 600, stallSec: 600 } as const;

/** A definition that says nothing of adapters' options, secrets, prompts and sessions. */
export const builtInAdapter = {
  claude: null,
  codex: null,
  http: null,
  secretEnv: {},
  bootstrapPromptTemplate: null,
  promptTemplate: null,
  session: { maxRuns: 0, maxAgeHours: 0, maxContextTokens: 0 },
  prices: {},
} as const;

/** The names of all secrets that a run of the agent needs, sorted, each once. */
export function secretNamesOf(definition: AgentDefinition): string[] {
  const { secretEnv, claude, codex, http } = definition;
  const servers = [claude, codex].flatMap((options) => Object.values(options?.mcpServers ?? {}));
  const texts = [
    http?.headers ?? {},
    ...servers.map((server) => (server.type === 'http' ? server.headers : server.env)),
  ]
    .flatMap((values) => Object.values(values))
    .flatMap((value) => (typeof value === 'string' ? [] : [value.secret]));
  return [...new Set([...Object.values(secretEnv), ...texts])].sort();
}
