import path from 'node:path';
import * as z from 'zod';
import { builtInTalk, endurance, type AgentDefinition, type LoopBreakerLimits } from '../definition.ts';
import { catchUpPolicies, onlyIfKinds, type HeartbeatPolicy, type NamedHeartbeat } from '../model.ts';
import { parseQuietHours } from '../quietHours.ts';
import { findCronMistake, isTimezone } from './cronText.ts';

/** What an agent gets where neither it nor `defaults` says otherwise. */
const builtInTimeoutSec = 1800;
const builtInGraceSec = 15;
const dayInSec = 86_400;
/** Denser schedules than this are refused. */
const shortestIntervalSec = 30;

/** Which adapters' agents have nothing to do without an issue or a message, unless they are given a goal: not a program that does its own. */
const skipsWhenIdle: Readonly<Record<'process', boolean>> = { process: false };

const text = z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character');
const nonEmptyText = text.refine((value) => value.trim() !== '', 'must not be empty');

/** `defaults.env` and the agent's own; numbers and booleans are taken as written. */
const environment = z
  .record(
    z.string().superRefine((name, context) => {
      if (name === '' || /[=\0]/.test(name)) context.addIssue('not a name of an environment variable');
      else if (/^REVEILLE_/i.test(name)) context.addIssue('names beginning with REVEILLE_ are set by Reveille itself');
    }),
    z.union([text, z.number(), z.boolean()]).transform(String),
  )
  .describe('Environment variables of its runs.');

const timeoutSec = z
  .int()
  .min(0)
  .max(7 * dayInSec)
  .describe(`Longest execution of one run in seconds; 0 = no limit. Default ${String(builtInTimeoutSec)}.`);
const graceSec = z
  .int()
  .min(0)
  .max(3600)
  .describe(`Seconds between asking a run to end and ending it by force. Default ${String(builtInGraceSec)}.`);

const retries = z
  .int()
  .min(0)
  .max(10)
  .describe(
    `Further attempts after one that failed for the moment only (a program says so with exit code 75), or was lost. Default ${String(endurance.retries)}.`,
  );
const inARow = z.int().min(0).max(1000);
const loopBreakerMap = z.strictObject({
  failures: inARow
    .default(endurance.loopBreaker.failures)
    .describe('Stops the agent after so many failed runs in a row; 0 = never.'),
  sameError: inARow
    .default(endurance.loopBreaker.sameError)
    .describe('Stops the agent when so many runs in a row failed with the same error; 0 = never.'),
  unchanged: inARow
    .default(endurance.loopBreaker.unchanged)
    .describe('Stops the agent when so many runs in a row on one issue changed nothing; 0 = never.'),
});
const loopBreaker = z
  .union([z.literal(false), loopBreakerMap])
  .describe('When an agent that does not get on stops itself; false = never.');

const cron = nonEmptyText
  .superRefine((expression, context) => {
    const mistake = expression.trim() === '' ? null : findCronMistake(expression);
    if (mistake !== null) context.addIssue(`"${expression}" is not a usable cron expression: ${mistake}`);
  })
  .describe('Cron expression of five fields: minute hour day month weekday.');

const catchUp = z
  .enum(catchUpPolicies)
  .describe(
    'For heartbeats that were missed: `skip`, or `once` for one that makes up for them. Default: once for cron.',
  );

const timezone = nonEmptyText
  .refine(isTimezone, 'is not a known time zone; expected a name such as Europe/Paris or UTC')
  .describe("IANA time zone of the schedule and of `quietHours`. Default: the machine's.");

const onlyIfKind = z.enum(onlyIfKinds);
const onlyIf = z
  .union([
    onlyIfKind,
    z.array(onlyIfKind).refine((kinds) => kinds.length > 0, 'needs at least one of git_head, files, diagnostics'),
  ])
  .describe(
    'Implies `skipWhenIdle`: a scheduled heartbeat also starts something if one of these is not as its last run left it: `git_head` (the commit), `files` (of the working tree, without ignored ones), `diagnostics` (errors and warnings in a trusted window).',
  );

const heartbeatMap = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Allows the schedule.'),
    intervalSec: z
      .int()
      .max(366 * dayInSec)
      .refine(
        (value) => value === 0 || value >= shortestIntervalSec,
        `must be 0 (off) or at least ${String(shortestIntervalSec)}`,
      )
      .default(0)
      .describe('Seconds between scheduled heartbeats; 0 = none, else at least 30.'),
    cron: cron.optional(),
    timezone: timezone.optional(),
    catchUp: catchUp.optional(),
    quietHours: nonEmptyText
      .refine((value) => parseQuietHours(value) !== null, 'expected two different times of day, such as 22:00-07:00')
      .optional()
      .describe('Times of day between which scheduled heartbeats start nothing, such as 22:00-07:00.'),
    skipWhenIdle: z
      .boolean()
      .optional()
      .describe(
        'True: a scheduled heartbeat starts nothing while no issue is open for it and nothing is to be delivered.',
      ),
    onlyIf: onlyIf.optional(),
    wakeOnAssignment: z.boolean().default(true).describe('Wake when an issue is assigned to it.'),
    wakeOnOnDemand: z.boolean().default(true).describe('Allow waking it by hand.'),
    wakeOnAutomation: z.boolean().default(true).describe('Wake for comments, decisions and other events.'),
    maxConcurrentRuns: z.int().min(1).max(64).default(1).describe('Runs of it at the same time.'),
  })
  .superRefine((heartbeat, context) => {
    if (heartbeat.cron !== undefined && heartbeat.intervalSec > 0) {
      context.addIssue({ code: 'custom', path: ['intervalSec'], message: 'give either intervalSec or cron, not both' });
    }
    if (heartbeat.timezone !== undefined && heartbeat.cron === undefined && heartbeat.quietHours === undefined) {
      context.addIssue({ code: 'custom', path: ['timezone'], message: 'has no meaning without cron or quietHours' });
    }
    if (heartbeat.onlyIf !== undefined && heartbeat.skipWhenIdle === false) {
      const message = 'contradicts onlyIf, which skips heartbeats that find nothing to do; remove one of the two';
      context.addIssue({ code: 'custom', path: ['skipWhenIdle'], message });
    }
  });

const providerName = z
  .string()
  .max(64, 'the name of a provider has at most 64 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.:@/-]*$/,
    'the name of a provider begins with a letter or digit; then letters, digits and "_.:@/-" are allowed',
  );

const provider = z.strictObject({
  maxConcurrentRuns: z.int().min(1).max(64).optional().describe('Runs of all its agents at the same time.'),
});

const agent = z.strictObject({
  role: text.optional().describe('What it is for, in a few words.'),
  reportsTo: z.string().optional().describe('Key of the agent it reports to.'),
  goal: text.optional().describe('What it works towards.'),
  adapter: z.literal('process').describe('How it is driven. `process`: any program.'),
  command: nonEmptyText.describe('A program on the PATH, or a path; relative paths count from the folder.'),
  args: z.array(text).default([]).describe('Arguments of the command.'),
  shell: z.boolean().default(false).describe('True: `command` is a line for the shell of the system.'),
  cwd: nonEmptyText
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
  resumable: z
    .boolean()
    .default(endurance.resumable)
    .describe('True: a run that was lost is given to the program once more; it must bear that.'),
  loopBreaker: loopBreaker.prefault({}),
  protocol: z
    .enum(['text', 'jsonl'])
    .default(builtInTalk.protocol)
    .describe('`jsonl`: marked JSON lines of its output are read, see docs/process-protocol.md. Default: text.'),
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
});

const namedHeartbeat = z.strictObject({
  schedule: cron.describe('Cron expression of five fields: minute hour day month weekday.'),
  timezone: timezone.optional(),
  agents: z
    .array(z.string())
    .refine((keys) => keys.length > 0, 'needs at least one agent')
    .refine((keys) => new Set(keys).size === keys.length, 'names an agent twice')
    .describe('Keys of the agents that it wakes.'),
  goal: nonEmptyText.describe('What they are told to do.'),
  enabled: z.boolean().default(true).describe('False: it wakes nobody.'),
  catchUp: catchUp.default('once'),
});

const agentKey = z
  .string()
  .max(64, 'an agent key has at most 64 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    'an agent key begins with a letter or digit; then letters, digits, "-" and "_" are allowed',
  );

const heartbeatName = z
  .string()
  .max(64, 'the name of a heartbeat has at most 64 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    'the name of a heartbeat begins with a letter or digit; then letters, digits, "-" and "_" are allowed',
  );

const organisation = z.strictObject({ name: nonEmptyText });
const defaults = z
  .strictObject({
    timeoutSec: timeoutSec.default(builtInTimeoutSec),
    graceSec: graceSec.default(builtInGraceSec),
    retries: retries.default(endurance.retries),
    env: environment.default({}),
  })
  .prefault({});

/** The one definition of `.reveille/reveille.yaml`: types, validation and the editors' JSON Schema come from it. */
export const configurationSchema = z
  .strictObject({
    org: organisation.optional().describe('The organisation that the agents form.'),
    defaults: defaults.describe('Values for agents that do not set their own.'),
    agents: z.record(agentKey, agent).describe('The agents by their keys.'),
    providers: z
      .record(providerName, provider)
      .default({})
      .describe('Limits that agents with the same `provider` share, by its name.'),
    heartbeats: z
      .record(heartbeatName, namedHeartbeat)
      .default({})
      .describe('Heartbeats that several agents have in common, by their names.'),
  })
  .superRefine(({ agents, heartbeats }, context) => {
    for (const [name, { agents: keys }] of Object.entries(heartbeats)) {
      for (const [index, key] of keys.entries()) {
        if (Object.hasOwn(agents, key)) continue;
        const message = `there is no agent "${key}"`;
        context.addIssue({ code: 'custom', path: ['heartbeats', name, 'agents', index], message });
      }
    }
    for (const { key, message } of findReportingMistakes(new Map(Object.entries(agents)))) {
      context.addIssue({ code: 'custom', path: ['agents', key, 'reportsTo'], message });
    }
  });

export type Configuration = z.output<typeof configurationSchema>;
type AgentConfiguration = z.output<typeof agent>;

interface ReportingMistake {
  readonly key: string;
  readonly message: string;
}

/** Superiors that do not exist, and each circle once, at its first member. Looks at every agent once. */
function findReportingMistakes(agents: ReadonlyMap<string, { reportsTo?: string | undefined }>): ReportingMistake[] {
  const mistakes: ReportingMistake[] = [];
  const visited = new Set<string>();
  for (const start of agents.keys()) {
    const chain = new Set<string>();
    let key: string | undefined = start;
    while (key !== undefined && !visited.has(key)) {
      visited.add(key);
      chain.add(key);
      const superior: string | undefined = agents.get(key)?.reportsTo;
      if (superior !== undefined && !agents.has(superior)) {
        mistakes.push({ key, message: `there is no agent "${superior}"` });
        break;
      }
      if (superior !== undefined && chain.has(superior))
        mistakes.push({ key: superior, message: describeCircle(superior, chain) });
      key = superior;
    }
  }
  return mistakes;
}

function describeCircle(first: string, chain: ReadonlySet<string>): string {
  const members = [...chain];
  const circle = members.slice(members.indexOf(first));
  const shown = circle.length <= 8 ? circle : [...circle.slice(0, 8), '…'];
  return `agents report in a circle: ${[...shown, first].join(' → ')}`;
}

/** The keys that may stand in the map at `path` of the file; undefined where any key may. */
export function knownKeysAt(path: readonly PropertyKey[]): readonly string[] | undefined {
  const [section, , field] = path;
  if (path.length === 0) return Object.keys(configurationSchema.shape);
  if (path.length === 1 && section === 'org') return Object.keys(organisation.shape);
  if (path.length === 1 && section === 'defaults') return Object.keys(defaults.unwrap().shape);
  if (path.length === 2 && section === 'agents') return Object.keys(agent.shape);
  if (path.length === 2 && section === 'providers') return Object.keys(provider.shape);
  if (path.length === 2 && section === 'heartbeats') return Object.keys(namedHeartbeat.shape);
  if (path.length === 3 && section === 'agents') {
    if (field === 'heartbeat') return Object.keys(heartbeatMap.shape);
    if (field === 'loopBreaker') return Object.keys(loopBreakerMap.shape);
  }
  return undefined;
}

/** The JSON Schema of the file, for editors. */
export function toConfigurationJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configurationSchema, { io: 'input' }), title: 'Reveille configuration' };
}

/** The agents of a valid configuration, in the order of the file, with all defaults filled in. */
export function toDefinitions(
  { agents, defaults: base, heartbeats, providers }: Configuration,
  folder: string,
): AgentDefinition[] {
  return Object.entries(agents).map(([key, configured]) => ({
    key,
    role: configured.role ?? null,
    goal: configured.goal ?? null,
    reportsTo: configured.reportsTo ?? null,
    adapter: configured.adapter,
    command: configured.command,
    args: configured.args,
    shell: configured.shell,
    cwd: path.resolve(
      folder,
      configured.cwd.replaceAll('${workspaceFolder}', () => folder),
    ),
    shareCwd: configured.shareCwd,
    provider: configured.provider ?? null,
    providerSlots: slotsOf(configured.provider, providers),
    env: { ...base.env, ...configured.env },
    timeoutSec: configured.timeoutSec ?? base.timeoutSec,
    graceSec: configured.graceSec ?? base.graceSec,
    retries: configured.retries ?? base.retries,
    resumable: configured.resumable,
    loopBreaker: toLimits(configured.loopBreaker),
    protocol: configured.protocol,
    waitSec: configured.waitSec,
    stallSec: configured.stallSec,
    heartbeat: toPolicy(configured),
    namedHeartbeats: namedFor(key, heartbeats),
  }));
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

function toPolicy({ heartbeat, enabled, adapter, goal }: AgentConfiguration): HeartbeatPolicy {
  const policy = typeof heartbeat === 'string' ? heartbeatMap.parse({ cron: heartbeat }) : heartbeat;
  return {
    enabled: enabled && policy.enabled,
    intervalSec: policy.intervalSec,
    cron: policy.cron?.trim() ?? null,
    timezone: policy.timezone ?? null,
    catchUp: policy.catchUp ?? (policy.cron === undefined ? 'skip' : 'once'),
    quietHours: policy.quietHours ?? null,
    skipWhenIdle:
      policy.skipWhenIdle ?? (policy.onlyIf !== undefined || (skipsWhenIdle[adapter] && goal === undefined)),
    onlyIf: onlyIfKinds.filter((kind) => [policy.onlyIf].flat().includes(kind)),
    wakeOnAssignment: enabled && policy.wakeOnAssignment,
    wakeOnOnDemand: enabled && policy.wakeOnOnDemand,
    wakeOnAutomation: enabled && policy.wakeOnAutomation,
    maxConcurrentRuns: policy.maxConcurrentRuns,
  };
}
