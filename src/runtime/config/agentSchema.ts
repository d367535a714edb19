import * as z from 'zod';
import { builtInTalk, endurance, type AdapterType } from '../definition.ts';
import {
  cron,
  dayInSec,
  environment,
  graceSec,
  headers,
  heartbeatMap,
  loopBreaker,
  nonEmptyText,
  providerName,
  retries,
  text,
  timeoutSec,
} from './fieldSchemas.ts';

const mostRuns = 100_000;
const sessionLimit = z.int().min(0);
/** The map `session` of an agent. */
export const sessionMap = z.strictObject({
  maxRuns: sessionLimit.max(mostRuns).optional().describe('Runs of one conversation; 0 = no limit.'),
  maxAgeHours: sessionLimit
    .max(24 * 366)
    .optional()
    .describe('Hours since its first run; 0 = no limit.'),
  maxContextTokens: sessionLimit.max(100_000_000).optional().describe('Tokens of the conversation; 0 = no limit.'),
});
const session = sessionMap.describe(
  'When a conversation is given up for a fresh one, which is told what the old one came to.',
);

const common = {
  role: text.optional().describe('What it is for, in a few words.'),
  reportsTo: z.string().optional().describe('Key of the agent it reports to.'),
  goal: text.optional().describe('What it works towards.'),
  cwd: nonEmptyText
    .refine(
      (value) => !value.replaceAll('${workspaceFolder}', '').includes('${'),
      'only ${workspaceFolder} is filled in, spelt like that',
    )
    .default('${workspaceFolder}')
    .describe('Working directory; ${workspaceFolder} and paths relative to the folder work.'),
  shareCwd: z.boolean().default(false).describe('True: other agents may run in its directory at the same time.'),
  provider: providerName
    .optional()
    .describe('Agents that name the same one share its slots, and wait together when a limit of it is reached.'),
  env: environment.default({}),
  timeoutSec: timeoutSec.optional(),
  graceSec: graceSec.optional(),
  retries: retries.optional(),
  loopBreaker: loopBreaker.prefault({}),
  waitSec: z
    .int()
    .min(0)
    .max(dayInSec)
    .default(builtInTalk.waitSec)
    .describe('Seconds that a run waits for the answer to a question; 0 = never. Default 600.'),
  stallSec: z
    .int()
    .min(0)
    .max(7 * dayInSec)
    .default(builtInTalk.stallSec)
    .describe('Seconds without output after which a run needs attention; 0 = never. Default 600.'),
  enabled: z.boolean().default(true).describe('False: nothing wakes it.'),
  heartbeat: z.union([cron, heartbeatMap]).prefault({}).describe('When it is woken: a cron expression, or a map.'),
  bootstrapPromptTemplate: nonEmptyText
    .optional()
    .describe('What it is told at the first run of a session, as a template; why it was woken follows.'),
  promptTemplate: nonEmptyText
    .optional()
    .describe('What it is told at later runs of a session, as a template; why it was woken follows.'),
  session: session.prefault({}),
};

const args = z.array(text).default([]).describe('Arguments of the command.');
const httpUrl = z.url({ protocol: /^https?$/, error: 'not an http or https address' });
const toolCallSec = z
  .int()
  .min(1)
  .max(dayInSec)
  .default(600)
  .describe('Longest call of a tool in seconds. Default 600.');
const serversOfTools = [
  z.strictObject({ url: httpUrl, headers: headers.default({}), timeoutSec: toolCallSec }),
  z.strictObject({
    command: nonEmptyText,
    args: z.array(text).default([]),
    env: environment.default({}),
    timeoutSec: toolCallSec,
  }),
] as const;
const mcpServer = z.union(serversOfTools);

/** The keys that may stand in a map deep in an agent; `path` begins with its field. Undefined where any key may. */
export function keysWithin(path: readonly PropertyKey[]): readonly string[] | undefined {
  const [field] = path;
  if (path.length === 2 && field === 'mcpServers')
    return [...new Set(serversOfTools.flatMap(({ shape }) => Object.keys(shape)))];
  return ['env', 'headers'].includes(String(path.at(-2))) ? ['secret'] : undefined;
}

const mcpServers = z
  .record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "-" and "_" are allowed'), mcpServer)
  .default({})
  .describe('Servers of tools (MCP) by name: `url` and `headers`, or `command`, `args` and `env`.');
/** Passed as an argument: it must not look like a flag. */
const word = nonEmptyText.refine((value) => !value.startsWith('-'), 'must not begin with "-"');
const toolNames = z.array(word).default([]);
const program = (name: string) =>
  nonEmptyText.default(name).describe(`The program, on the PATH or as a path. Default: ${name}.`);

const agentsByAdapter = {
  process: z.strictObject({
    ...common,
    adapter: z.literal('process').describe('Any program.'),
    command: nonEmptyText.describe('A program on the PATH, or a path; relative paths count from the folder.'),
    args,
    shell: z.boolean().default(false).describe('True: `command` is a line for the shell of the system.'),
    resumable: z
      .boolean()
      .default(endurance.resumable)
      .describe('True: a run that was lost is given to the program once more; it must bear that.'),
    protocol: z
      .enum(['text', 'jsonl'])
      .default(builtInTalk.protocol)
      .describe('`jsonl`: marked JSON lines of its output are read, see docs/process-protocol.md. Default: text.'),
  }),
  claude_local: z.strictObject({
    ...common,
    adapter: z.literal('claude_local').describe('Claude Code on this machine.'),
    command: program('claude'),
    args,
    model: word.optional().describe('Model or alias, such as sonnet.'),
    effort: word.optional().describe('How much it thinks: low, medium, high, …'),
    maxTurns: z.int().min(1).max(100_000).optional().describe('Most model calls of a run.'),
    permissionMode: z
      .enum(['default', 'acceptEdits', 'auto', 'dontAsk', 'plan', 'bypassPermissions'])
      .optional()
      .describe('What it may do without asking.'),
    permissionTool: word.optional().describe('MCP tool that decides on permissions: mcp__<server>__<tool>.'),
    tools: toolNames.describe('Allowed without asking, such as "Bash(npm test:*)".'),
    disallowedTools: toolNames.describe('Never allowed.'),
    mcpServers,
    projectSettings: z
      .boolean()
      .default(false)
      .describe('True: settings, hooks and MCP servers of the folder (.claude, .mcp.json) count too.'),
  }),
  codex_local: z.strictObject({
    ...common,
    adapter: z.literal('codex_local').describe('Codex on this machine.'),
    command: program('codex'),
    args,
    model: word.optional().describe('Model, such as gpt-5.'),
    effort: word.optional().describe('How much it thinks: low, medium, high, …'),
    sandbox: z
      .enum(['read-only', 'workspace-write', 'danger-full-access'])
      .default('workspace-write')
      .describe('What its commands may touch. Default: workspace-write.'),
    mcpServers,
  }),
  http: z.strictObject({
    ...common,
    adapter: z.literal('http').describe('A server that is asked over HTTP.'),
    url: httpUrl
      .refine(
        (value) => URL.canParse(value) && !/^[^:]*:\/\/[^/?#]*@/.test(value),
        'must not hold a name or password; use headers',
      )
      .describe('Where a run is posted to, see docs/http-protocol.md.'),
    headers: headers.default({}).describe('Headers of every request; values may be secrets.'),
    pollSec: z
      .int()
      .min(1)
      .max(3600)
      .default(5)
      .describe('Seconds between two looks at a run that goes on. Default 5.'),
  }),
} as const satisfies Record<AdapterType, z.ZodType>;

/** One agent of the file, by its adapter. */
export const agent = z.discriminatedUnion('adapter', [
  agentsByAdapter.process,
  agentsByAdapter.claude_local,
  agentsByAdapter.codex_local,
  agentsByAdapter.http,
]);
export type AgentConfiguration = z.output<typeof agent>;

/** The keys that an agent may have: of one adapter, or of any if that is none. */
export function agentKeys(adapter: unknown): readonly string[] {
  const known = Object.entries(agentsByAdapter);
  const meant = known.filter(([type]) => type === adapter);
  return [...new Set((meant.length > 0 ? meant : known).flatMap(([, schema]) => Object.keys(schema.shape)))];
}
