import * as z from 'zod';
import { endurance } from '../definition.ts';
import { agent, agentKeys, keysWithin, sessionMap } from './agentSchema.ts';
import {
  builtInGraceSec,
  builtInTimeoutSec,
  catchUp,
  cron,
  environment,
  graceSec,
  heartbeatMap,
  loopBreakerMap,
  nonEmptyText,
  providerName,
  retries,
  timeoutSec,
  timezone,
} from './fieldSchemas.ts';
import { prices, priceMap } from './priceSchema.ts';

const provider = z.strictObject({
  maxConcurrentRuns: z.int().min(1).max(64).optional().describe('Runs of all its agents at the same time.'),
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
    prices,
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

/** The keys that may stand in the map at `path` of the file, which is `map`; undefined where any key may. */
export function knownKeysAt(path: readonly PropertyKey[], map?: unknown): readonly string[] | undefined {
  const [section] = path;
  if (path.length === 0) return Object.keys(configurationSchema.shape);
  if (path.length === 1 && section === 'org') return Object.keys(organisation.shape);
  if (path.length === 1 && section === 'defaults') return Object.keys(defaults.unwrap().shape);
  if (path.length === 2 && section === 'agents') return agentKeys((map as { adapter?: unknown } | undefined)?.adapter);
  if (path.length === 2 && section === 'providers') return Object.keys(provider.shape);
  if (path.length === 2 && section === 'prices') return Object.keys(priceMap.shape);
  if (path.length === 2 && section === 'heartbeats') return Object.keys(namedHeartbeat.shape);
  return section === 'agents' ? keysOfField(path.slice(2)) : undefined;
}

/** In a map of an agent: `path` begins with the field. */
function keysOfField(path: readonly PropertyKey[]): readonly string[] | undefined {
  const [field] = path;
  if (path.length > 1) return keysWithin(path);
  if (field === 'heartbeat') return Object.keys(heartbeatMap.shape);
  if (field === 'loopBreaker') return Object.keys(loopBreakerMap.shape);
  return field === 'session' ? Object.keys(sessionMap.shape) : undefined;
}

/** The JSON Schema of the file, for editors. */
export function toConfigurationJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configurationSchema, { io: 'input' }), title: 'Reveille configuration' };
}
