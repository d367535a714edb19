/**
 * The contract between a folder's runtime and its clients: requests, the snapshot and numbered changes.
 * Both sides validate what they receive. Objects ignore fields they do not know, so that builds of one
 * major version understand each other; the major version is `protocolVersion`.
 */
import * as z from 'zod/mini';
import {
  activityProblems,
  agentStatuses,
  holdReasons,
  issuePriorities,
  issueStatuses,
  runErrorCodes,
  runStatuses,
  skipReasons,
  wakeSources,
  wakeupStatuses,
  type Activity,
  type ActivityVerification,
  type Agent,
  type ConfigurationState,
  type Issue,
  type PendingConsent,
  type RetentionLimits,
  type Run,
  type RunDetail,
  type RuntimeState,
  type Session,
} from './runtime/model.ts';

export const protocolVersion = 1;

const epochMs = z.number();
/** 32 bytes. Kept in memory only, wherever it comes. */
const auditKey = z.string().check(z.regex(/^[0-9a-f]{64}$/));
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
  today: z.object({
    from: epochMs,
    to: epochMs,
    runs: z.number(),
    failedRuns: z.number(),
    runMs: z.number(),
  }),
  skips: z.object({
    day: z.number(),
    counts: z.readonly(z.array(z.object({ reason: z.enum(skipReasons), skips: z.number() }))),
  }),
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
  logRemoval: z.nullable(z.object({ reason: z.enum(['age', 'size']), limit: z.number() })),
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

const activity = z.object({
  number: z.number(),
  at: epochMs,
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  agent: z.nullable(z.string()),
  runId: z.nullable(z.string()),
  result: z.string(),
  costMicros: z.nullable(z.number()),
  details: z.record(z.string(), z.unknown()),
  text: z.nullable(z.string()),
  isTextErased: z.boolean(),
  isKeyed: z.boolean(),
}) satisfies z.ZodMiniType<Activity>;

const activityVerification = z.object({
  rows: z.number(),
  keyed: z.number(),
  unkeyed: z.number(),
  unknownKey: z.number(),
  erasedTexts: z.number(),
  removed: z.number(),
  removedUntil: z.nullable(epochMs),
  hasKey: z.boolean(),
  head: z.enum(['present', 'missing', 'unreadable']),
  fault: z.nullable(
    z.object({
      problem: z.enum(activityProblems),
      number: z.number(),
      at: z.nullable(epochMs),
      action: z.nullable(z.string()),
    }),
  ),
}) satisfies z.ZodMiniType<ActivityVerification>;

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
  remarks: z.readonly(z.array(z.string())),
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

/** Bounded: all agents, the 500 newest open issues, what runs, the 1000 queued runs that may start first, the 50 newest settled runs. */
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

/** Absolute, on the machine of the runtime. */
const filePath = z.string().check(z.minLength(1), z.maxLength(4096));

const backupSummary = z.object({
  path: z.string(),
  bytes: z.number(),
  schema: z.number(),
  agents: z.number(),
  issues: z.number(),
  runs: z.number(),
  /** The folder that it was made of; null if it does not say. */
  folder: z.nullable(z.string()),
  /** When something last happened in it; null if it holds nothing. */
  newestAt: z.nullable(epochMs),
  /** Tells this content from any other. */
  digest: z.string(),
});
export type BackupSummary = z.infer<typeof backupSummary>;

const deletionTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('issue'), issueId: id }),
  z.object({ kind: z.literal('run'), runId: id }),
  z.object({ kind: z.literal('agent'), agent: agentKey }),
  z.object({ kind: z.literal('state') }),
]);

/** What belongs to the target of a deletion. */
const deletionPreview = z.object({
  /** Settled, queued and running ones together. */
  runs: z.number(),
  queued: z.number(),
  running: z.number(),
  wakeups: z.number(),
  sessions: z.number(),
  /** Assigned to an agent, or of the folder. */
  issues: z.number(),
  agents: z.number(),
  logBytes: z.number(),
  /** True for an agent that the configuration file defines. */
  isConfigured: z.boolean(),
});
export type DeletionPreview = z.infer<typeof deletionPreview>;

const usageGroup = z.object({
  key: z.string(),
  runs: z.number(),
  failedRuns: z.number(),
  runMs: z.number(),
  runsWithoutCost: z.number(),
  costMicros: z.nullable(z.number()),
  tokens: z.nullable(z.object({ input: z.number(), cached: z.number(), output: z.number() })),
});

const limit = z.optional(z.int().check(z.nonnegative(), z.lte(1_000_000_000)));
/** How long history is kept; what is left out keeps its default. Taken from trusted clients only. */
const retention = z.object({
  runDays: limit,
  runCount: limit,
  logDays: limit,
  logMegabytes: limit,
  logMegabytesPerRun: limit,
  wakeupDays: limit,
  wakeupCount: limit,
  activityDays: limit,
  activityCount: limit,
} satisfies Record<keyof RetentionLimits, unknown>);
export type RetentionSettings = z.output<typeof retention>;

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
      retention: z.optional(retention),
      auditKey: z.optional(auditKey),
    }),
    z.object({ version: z.string(), instance: z.string(), pid: z.number() }),
  ),
  /** The user granted trust to the window, or changed its settings. */
  updateClient: request(
    z.object({
      isTrusted: z.boolean(),
      whenWindowsClose: z.optional(z.enum(['finishRuns', 'keepRunning', 'stop'])),
      maxUnattendedHours: z.optional(z.number().check(z.positive(), z.lte(8760))),
      retention: z.optional(retention),
      auditKey: z.optional(auditKey),
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
  /** Newest first; `before` is the last session of the page before. `total` counts all pages. */
  'session.list': request(
    z.object({ agent: z.optional(agentKey), before: z.optional(session), limit: z.optional(pageLimit) }),
    z.object({ sessions: z.array(session), hasMore: z.boolean(), total: z.number() }),
  ),
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
  /** Writes the state as a plain SQLite file; logs, consents and the registry are not in it. Refused for untrusted clients. */
  'state.backUp': request(z.object({ path: filePath }), z.object({ path: z.string(), bytes: z.number() })),
  /** What a backup holds; changes nothing. Refused for untrusted clients. */
  'state.inspectBackup': request(z.object({ path: filePath }), backupSummary),
  /**
   * Replaces the state by a backup: cancels what runs, sets the present state aside, and ends the runtime once this is
   * answered. With a digest (of `state.inspectBackup`) only that very content is taken. Refused for untrusted clients.
   */
  'state.restore': request(
    z.object({ path: filePath, digest: z.optional(z.string()) }),
    z.object({ quarantine: z.nullable(z.string()) }),
  ),
  /** Writes the state as JSON; see docs/state-export.md. Refused for untrusted clients. */
  'state.export': request(z.object({ path: filePath }), z.object({ path: z.string(), bytes: z.number() })),
  /**
   * Points the folder to the store of another entry of the registry, cancels what runs, and ends the runtime once this is
   * answered. The store that the folder had becomes one that no folder uses. Refused for untrusted clients.
   */
  'state.adopt': request(z.object({ entryId: z.string().check(z.regex(/^[0-9a-f]{32}$/)) }), empty),
  /** Deletes all state and logs of the folder, cancels what runs, and ends the runtime. Refused for untrusted clients. */
  'state.delete': request(empty, empty),
  /** What a deletion would take with it. */
  'deletion.preview': request(z.object({ target: deletionTarget }), deletionPreview),
  /** Refused while a run of it is queued or running. Its runs stay. Refused for untrusted clients, as all deletions. */
  'issue.delete': request(z.object({ issueId: id }), empty),
  /** Refused until the run has settled. Its log goes too. */
  'run.delete': request(z.object({ runId: id }), empty),
  /**
   * Deletes an agent with its runs, logs, wakeups and sessions. Refused while it runs, and for one that the configuration
   * defines unless `evenIfConfigured`: that one comes back without a history.
   */
  'agent.delete': request(z.object({ agent: agentKey, evenIfConfigured: z.optional(z.boolean()) }), empty),
  /**
   * What runs took, by agent, model, issue or day, from the first quarter-hour that the span touches to the last; groups
   * without a run are left out. Keys: agent key, model, issue id ('' = none), or date in `timeZone` (default: the runtime's).
   * What nobody reported is null, never 0; with `runsWithoutCost` > 0 a cost is a lower bound.
   */
  'usage.query': request(
    z.object({
      from: z.int().check(z.nonnegative()),
      to: z.int().check(z.nonnegative()),
      groupBy: z.enum(['agent', 'model', 'issue', 'day']),
      timeZone: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
    }),
    z.object({ from: epochMs, to: epochMs, groups: z.array(usageGroup) }),
  ),
  /** The audit log, newest first; `before` is the `number` of the last entry of the page before. */
  'activity.list': request(
    z.object({
      before: z.optional(z.number()),
      agent: z.optional(agentKey),
      runId: z.optional(id),
      limit: pageLimit,
    }),
    z.object({ entries: z.array(activity), hasMore: z.boolean() }),
  ),
  /** Walks through the whole audit log; takes about a second for 100 000 entries. */
  'activity.verify': request(empty, activityVerification),
  /** The runtime writes the audit log into a file. Refused for untrusted clients. */
  'activity.export': request(
    z.object({
      path: z.string().check(z.minLength(1), z.maxLength(4096)),
      format: z.enum(['jsonl', 'csv']),
      /** Also what people wrote; default false. */
      includeTexts: z.optional(z.boolean()),
    }),
    z.object({ rows: z.number() }),
  ),
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
