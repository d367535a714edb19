/**
 * The contract between a folder's runtime and its clients: requests, the snapshot and numbered changes.
 * Both sides validate what they receive. Objects ignore fields they do not know, so that builds of one
 * major version understand each other; the major version is `protocolVersion`.
 */
import * as z from 'zod/mini';
import {
  agentStatuses,
  holdReasons,
  issuePriorities,
  issueStatuses,
  runErrorCodes,
  runStatuses,
  wakeSources,
  wakeupStatuses,
  type Agent,
  type ConfigurationState,
  type Issue,
  type PendingConsent,
  type Run,
  type RunDetail,
  type RuntimeState,
  type Session,
} from './runtime/model.ts';

export const protocolVersion = 1;

const epochMs = z.number();
const agentKey = z.string().check(z.minLength(1), z.maxLength(128));
const id = z.string().check(z.minLength(1), z.maxLength(64));

const heartbeat = z.object({
  enabled: z.boolean(),
  intervalSec: z.number(),
  cron: z.nullable(z.string()),
  timezone: z.nullable(z.string()),
  wakeOnAssignment: z.boolean(),
  wakeOnOnDemand: z.boolean(),
  wakeOnAutomation: z.boolean(),
  maxConcurrentRuns: z.number(),
});

const agent = z.object({
  key: agentKey,
  role: z.nullable(z.string()),
  goal: z.nullable(z.string()),
  reportsTo: z.nullable(z.string()),
  adapter: z.string(),
  status: z.enum(agentStatuses),
  statusReason: z.nullable(z.string()),
  consent: z.enum(['accepted', 'pending']),
  isRunnable: z.boolean(),
  commandLine: z.string(),
  cwd: z.string(),
  timeoutSec: z.number(),
  heartbeat,
  nextHeartbeatAt: z.nullable(epochMs),
  lastRunId: z.nullable(z.string()),
  lastRunStatus: z.nullable(z.enum(runStatuses)),
  lastRunAt: z.nullable(epochMs),
}) satisfies z.ZodMiniType<Agent>;

const issueLocation = z.object({
  path: z.string().check(z.maxLength(4096)),
  startLine: z.int().check(z.nonnegative()),
  startCharacter: z.int().check(z.nonnegative()),
  endLine: z.int().check(z.nonnegative()),
  endCharacter: z.int().check(z.nonnegative()),
  text: z.string().check(z.maxLength(4000)),
});

const issue = z.object({
  id,
  number: z.number(),
  title: z.string(),
  body: z.string(),
  status: z.enum(issueStatuses),
  priority: z.enum(issuePriorities),
  assignee: z.nullable(z.string()),
  location: z.nullable(issueLocation),
  createdAt: epochMs,
  updatedAt: epochMs,
}) satisfies z.ZodMiniType<Issue>;

const run = z.object({
  id,
  number: z.number(),
  agent: agentKey,
  taskKey: z.string(),
  issueId: z.nullable(z.string()),
  source: z.enum(wakeSources),
  reason: z.string(),
  status: z.enum(runStatuses),
  heldFor: z.nullable(z.enum(holdReasons)),
  queuedAt: epochMs,
  startedAt: z.nullable(epochMs),
  finishedAt: z.nullable(epochMs),
  exitCode: z.nullable(z.number()),
  signal: z.nullable(z.string()),
  errorCode: z.nullable(z.enum(runErrorCodes)),
  message: z.nullable(z.string()),
  logBytes: z.number(),
  isCancelling: z.boolean(),
}) satisfies z.ZodMiniType<Run>;

const runDetail = z.extend(run, {
  commandLine: z.string(),
  cwd: z.string(),
  pid: z.nullable(z.number()),
  stdoutExcerpt: z.string(),
  stderrExcerpt: z.string(),
  logPath: z.string(),
}) satisfies z.ZodMiniType<RunDetail>;

const session = z.object({
  agent: agentKey,
  taskKey: z.string(),
  adapter: z.string(),
  runs: z.number(),
  createdAt: epochMs,
  updatedAt: epochMs,
}) satisfies z.ZodMiniType<Session>;

const pendingConsent = z.object({
  agent: agentKey,
  hash: z.string(),
  before: z.nullable(z.string()),
  after: z.string(),
  summary: z.string(),
}) satisfies z.ZodMiniType<PendingConsent>;

const configuration = z.object({
  status: z.enum(['missing', 'invalid', 'ok']),
  path: z.string(),
  org: z.nullable(z.string()),
  problems: z.readonly(z.array(z.object({ message: z.string(), line: z.number(), column: z.number() }))),
  pending: z.readonly(z.array(pendingConsent)),
}) satisfies z.ZodMiniType<ConfigurationState>;

const runtime = z.object({
  pid: z.number(),
  version: z.string(),
  startedAt: epochMs,
  mode: z.enum(['running', 'draining']),
  isStopped: z.boolean(),
  slots: z.number(),
  storePath: z.string(),
  logPath: z.string(),
}) satisfies z.ZodMiniType<RuntimeState>;

/** One thing that became different; `put` carries the whole new entity. */
const change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('agent'), value: agent }),
  z.object({ kind: z.literal('agentRemoved'), key: agentKey }),
  z.object({ kind: z.literal('issue'), value: issue }),
  z.object({ kind: z.literal('issueRemoved'), id }),
  z.object({ kind: z.literal('run'), value: run }),
  z.object({ kind: z.literal('runRemoved'), id }),
  z.object({ kind: z.literal('configuration'), value: configuration }),
  z.object({ kind: z.literal('runtime'), value: runtime }),
]);
export type Change = z.infer<typeof change>;

/**
 * What one transaction changed. `sequence` is the store sequence that made it durable and grows;
 * `previous` is the sequence of the batch published before it, so that a client sees a gap.
 */
const changeBatch = z.object({ sequence: z.number(), previous: z.number(), changes: z.array(change) });
export type ChangeBatch = z.infer<typeof changeBatch>;

/** Bounded: all agents, the 500 newest open issues, active and queued runs, the 50 newest settled runs. */
const snapshot = z.object({
  sequence: z.number(),
  runtime,
  configuration,
  agents: z.array(agent),
  issues: z.array(issue),
  runs: z.array(run),
});
export type Snapshot = z.infer<typeof snapshot>;

const empty = z.object({});
const pageLimit = z.int().check(z.gte(1), z.lte(200));

/** What became of a request to wake an agent. */
const wakeResult = z.object({
  wakeupId: id,
  status: z.enum(wakeupStatuses),
  /** The run that will deliver it, if there is one. */
  runId: z.nullable(z.string()),
  /** In a person's words: started, queued behind …, held because …, refused because …. */
  message: z.string(),
});

function request<P extends z.ZodMiniType, R extends z.ZodMiniType>(params: P, result: R): { params: P; result: R } {
  return { params, result };
}

/** Every request a client may send, by method name. */
export const requests = {
  /** First call after authentication: who is asking, and under what rights and settings. */
  attach: request(
    z.object({
      kind: z.enum(['window', 'cli']),
      version: z.string(),
      /** False in Restricted Mode: such a client may read, pause and cancel; never start or accept. */
      isTrusted: z.boolean(),
      whenWindowsClose: z.optional(z.enum(['finishRuns', 'keepRunning', 'stop'])),
      maxUnattendedHours: z.optional(z.number().check(z.positive(), z.lte(8760))),
    }),
    z.object({ version: z.string(), instance: z.string(), pid: z.number() }),
  ),
  /** The user granted trust to the window, or changed its settings. */
  updateClient: request(
    z.object({
      isTrusted: z.boolean(),
      whenWindowsClose: z.optional(z.enum(['finishRuns', 'keepRunning', 'stop'])),
      maxUnattendedHours: z.optional(z.number().check(z.positive(), z.lte(8760))),
    }),
    empty,
  ),
  /**
   * Starts (or resumes) numbered changes to this client. With the instance and sequence of what it
   * already has, the missed batches are returned if they are still kept; otherwise a snapshot.
   */
  synchronize: request(
    z.object({ instance: z.nullable(z.string()), sequence: z.nullable(z.number()) }),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('snapshot'), snapshot }),
      z.object({ kind: z.literal('missed'), batches: z.array(changeBatch) }),
    ]),
  ),
  'agent.wake': request(
    z.object({
      agent: agentKey,
      reason: z.optional(z.string().check(z.maxLength(500))),
      /** Given to the agent in full. */
      text: z.optional(z.string().check(z.maxLength(100_000))),
      issueId: z.optional(id),
      taskKey: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
      idempotencyKey: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
    }),
    wakeResult,
  ),
  'agent.pause': request(z.object({ agent: agentKey, reason: z.optional(z.string().check(z.maxLength(500))) }), empty),
  'agent.resume': request(z.object({ agent: agentKey }), empty),
  'run.cancel': request(z.object({ runId: id }), empty),
  'run.get': request(z.object({ runId: id }), runDetail),
  /** Newest first; `before` is the `number` of the last run of the page before. */
  'run.list': request(
    z.object({ before: z.optional(z.number()), agent: z.optional(agentKey), limit: pageLimit }),
    z.object({ runs: z.array(run), hasMore: z.boolean() }),
  ),
  /**
   * A piece of a run's log from a byte offset, as text; cut at a character's border. `nextOffset` is where
   * to go on; `isComplete` is true once the run has settled and nothing follows `nextOffset`.
   */
  'log.read': request(
    z.object({
      runId: id,
      offset: z.int().check(z.nonnegative()),
      maxBytes: z.int().check(z.gte(1024), z.lte(1_048_576)),
    }),
    z.object({ text: z.string(), offset: z.number(), nextOffset: z.number(), isComplete: z.boolean() }),
  ),
  /** Asks for `logGrew` notifications of all runs (or no longer). */
  'log.watch': request(z.object({ enabled: z.boolean() }), empty),
  'session.list': request(z.object({ agent: z.optional(agentKey) }), z.object({ sessions: z.array(session) })),
  /** Forgets the sessions of an agent, or the one of a task key; answers how many. */
  'session.reset': request(
    z.object({ agent: agentKey, taskKey: z.optional(z.string()) }),
    z.object({ count: z.number() }),
  ),
  'issue.create': request(
    z.object({
      title: z.string().check(z.trim(), z.minLength(1), z.maxLength(300)),
      body: z.optional(z.string().check(z.maxLength(100_000))),
      priority: z.optional(z.enum(issuePriorities)),
      assignee: z.optional(agentKey),
      location: z.optional(issueLocation),
    }),
    z.object({ issue, wake: z.nullable(wakeResult) }),
  ),
  'issue.assign': request(
    z.object({ issueId: id, agent: z.nullable(agentKey) }),
    z.object({ issue, wake: z.nullable(wakeResult) }),
  ),
  'issue.setStatus': request(z.object({ issueId: id, status: z.enum(issueStatuses) }), z.object({ issue })),
  /** Newest first; `before` is the `number` of the last issue of the page before. */
  'issue.list': request(
    z.object({ before: z.optional(z.number()), limit: pageLimit, includeClosed: z.optional(z.boolean()) }),
    z.object({ issues: z.array(issue), hasMore: z.boolean() }),
  ),
  /** Puts the pending definitions with these hashes in force. Refused for untrusted clients. */
  'configuration.accept': request(
    z.object({ hashes: z.array(z.string()).check(z.minLength(1), z.maxLength(1000)) }),
    z.object({ accepted: z.array(agentKey) }),
  ),
  'configuration.reload': request(empty, configuration),
  /** Stop Everything in this folder: cancels all runs and holds all wakes until released. */
  'everything.stop': request(
    z.object({ reason: z.optional(z.string().check(z.maxLength(500))) }),
    z.object({ cancelled: z.number() }),
  ),
  'everything.release': request(empty, empty),
  'runtime.status': request(empty, runtime),
  /** `drain`: finish what runs (at most 10 minutes), then exit. `now`: cancel what runs, then exit. */
  'runtime.stop': request(
    z.object({ mode: z.enum(['drain', 'now']), reason: z.string().check(z.maxLength(500)) }),
    empty,
  ),
} as const;

export type Requests = typeof requests;
export type Method = keyof Requests;
export type Params<M extends Method> = z.input<Requests[M]['params']>;
export type Result<M extends Method> = z.output<Requests[M]['result']>;
export type WakeResult = z.infer<typeof wakeResult>;

/** What the runtime sends unasked. */
export const notifications = {
  /** Only after `synchronize`; never before the batch is durable. */
  changes: changeBatch,
  /** The client fell too far behind; this replaces all it has. */
  resnapshot: snapshot,
  /** Bytes in the log of a live run; at most one per run and 50 ms, and one when it settles. */
  logGrew: z.object({ runId: id, agent: agentKey, bytes: z.number(), isSettled: z.boolean() }),
} as const;
export type Notifications = { [K in keyof typeof notifications]: z.output<(typeof notifications)[K]> };

/** The `data` of a JSON-RPC error that carries a `UserError`. */
export const errorData = z.object({ kind: z.string() });
/** JSON-RPC error code of a `UserError`; its message is fit to show. */
export const userErrorCode = -32000;
