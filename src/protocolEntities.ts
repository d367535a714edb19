/** What the protocol's messages are about, as both sides validate it; requests and changes are in `protocol.ts`. */
import * as z from 'zod/mini';
import type { TimelineCursor, TimelineEntry, WhyNow } from './runtime/insight.ts';
import { activityProblems, type Activity, type ActivityVerification } from './runtime/activityModel.ts';
import {
  agentStatuses,
  catchUpPolicies,
  changeGaps,
  changeNotes,
  holdReasons,
  issuePriorities,
  issueStatuses,
  onlyIfKinds,
  runErrorCodes,
  runStatuses,
  skipReasons,
  wakeSources,
  wakeupStatuses,
  type Agent,
  type ConfigurationState,
  type HeartbeatRun,
  type Issue,
  type IssueComment,
  type PendingConsent,
  type Question,
  type Run,
  type RunChanges,
  type RunDetail,
  type RunUsage,
  type RuntimeState,
} from './runtime/model.ts';

/** Milliseconds since 1970, UTC. */
export const epochMs = z.number();
/** 32 bytes. Kept in memory only, wherever it comes. */
/** As the configuration allows them; see `fieldSchemas.ts`. */
export const secretName = z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/));
export const auditKey = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** A key of `agents:` in the configuration. */
export const agentKey = z.string().check(z.minLength(1), z.maxLength(128));
/** A ULID. */
export const id = z.string().check(z.minLength(1), z.maxLength(64));

const heartbeat = z.object({
  enabled: z.boolean(),
  intervalSec: z.number(),
  cron: z.nullable(z.string()),
  timezone: z.nullable(z.string()),
  catchUp: z.enum(catchUpPolicies),
  quietHours: z.nullable(z.string()),
  skipWhenIdle: z.boolean(),
  onlyIf: z.readonly(z.array(z.enum(onlyIfKinds))),
  wakeOnAssignment: z.boolean(),
  wakeOnOnDemand: z.boolean(),
  wakeOnAutomation: z.boolean(),
  maxConcurrentRuns: z.number(),
});

const namedHeartbeat = z.object({
  name: z.string(),
  cron: z.string(),
  timezone: z.nullable(z.string()),
  catchUp: z.enum(catchUpPolicies),
  goal: z.string(),
});

export const heartbeatRun = z.object({
  id,
  number: z.number(),
  name: z.string(),
  plannedAt: epochMs,
  triggeredAt: epochMs,
  completedAt: z.nullable(epochMs),
  parts: z.readonly(
    z.array(z.object({ agent: agentKey, runId: z.nullable(z.string()), outcome: z.nullable(z.string()) })),
  ),
}) satisfies z.ZodMiniType<HeartbeatRun>;

export const agent = z.object({
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
  retries: z.number(),
  isTripped: z.boolean(),
  isPaused: z.boolean(),
  limitedUntil: z.nullable(epochMs),
  heartbeat,
  namedHeartbeats: z.readonly(z.array(namedHeartbeat)),
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
    costMicros: z.nullable(z.number()),
    listedMicros: z.number(),
    runsWithoutCost: z.number(),
  }),
  skips: z.object({
    day: z.number(),
    counts: z.readonly(z.array(z.object({ reason: z.enum(skipReasons), skips: z.number() }))),
  }),
}) satisfies z.ZodMiniType<Agent>;

export const issueLocation = z.object({
  path: z.string().check(z.maxLength(4096)),
  startLine: z.int().check(z.nonnegative()),
  startCharacter: z.int().check(z.nonnegative()),
  endLine: z.int().check(z.nonnegative()),
  endCharacter: z.int().check(z.nonnegative()),
  text: z.string().check(z.maxLength(4000)),
});

export const issue = z.object({
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
  parentId: z.nullable(id),
  blockedBy: z.readonly(z.array(id)),
  openChildren: z.number(),
  comments: z.number(),
  loopStoppedAt: z.nullable(epochMs),
}) satisfies z.ZodMiniType<Issue>;

/** What is said of an issue where another one is shown. */
export const issueReference = z.object({
  id,
  number: z.number(),
  title: z.string(),
  status: z.enum(issueStatuses),
});
export type IssueReference = z.infer<typeof issueReference>;

export const issueComment = z.object({
  id,
  number: z.number(),
  issueId: id,
  author: z.string(),
  runId: z.nullable(id),
  text: z.string(),
  createdAt: epochMs,
}) satisfies z.ZodMiniType<IssueComment>;

const runChanges = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('recorded'),
    files: z.number(),
    addedLines: z.number(),
    removedLines: z.number(),
    notes: z.readonly(z.array(z.enum(changeNotes))),
  }),
  z.object({ kind: z.literal('unknown'), gap: z.enum(changeGaps) }),
]) satisfies z.ZodMiniType<RunChanges>;

const modelUsage = z.object({
  model: z.string(),
  inputTokens: z.number(),
  cachedTokens: z.number(),
  cacheWriteTokens: z.number(),
  outputTokens: z.number(),
  costMicros: z.nullable(z.number()),
  isListPrice: z.boolean(),
});

const runUsage = z.object({
  models: z.readonly(z.array(modelUsage)),
  turns: z.nullable(z.number()),
}) satisfies z.ZodMiniType<RunUsage>;

export const run = z.object({
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
  priority: z.number(),
  place: z.number(),
  chainId: z.nullable(z.string()),
  attempt: z.number(),
  notBefore: z.nullable(epochMs),
  waitingSince: z.nullable(epochMs),
  stalledSince: z.nullable(epochMs),
  adapter: z.nullable(z.string()),
  usage: z.nullable(runUsage),
  sessionId: z.nullable(z.string()),
  changes: z.nullable(runChanges),
}) satisfies z.ZodMiniType<Run>;

export const question = z.object({
  id,
  number: z.number(),
  runId: id,
  agent: agentKey,
  taskKey: z.string(),
  issueId: z.nullable(z.string()),
  text: z.string(),
  choices: z.readonly(z.array(z.string())),
  askedAt: epochMs,
}) satisfies z.ZodMiniType<Question>;

export const whyNow = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running'), runId: id, number: z.number(), since: epochMs }),
  z.object({
    kind: z.literal('held'),
    reason: z.enum([...holdReasons, 'terminated']),
    note: z.nullable(z.string()),
    waiting: z.number(),
  }),
  z.object({
    kind: z.literal('queued'),
    ahead: z.nullable(z.object({ runs: z.number(), agent: z.string(), number: z.number() })),
    runId: id,
    number: z.number(),
    reason: z.nullable(z.enum(holdReasons)),
    since: epochMs,
  }),
  z.object({
    kind: z.literal('scheduled'),
    at: epochMs,
    willSkip: z.nullable(z.enum(['quiet_hours', 'nothing_to_do'])),
    onlyIf: z.readonly(z.array(z.enum(onlyIfKinds))),
  }),
  z.object({ kind: z.literal('asked'), sources: z.readonly(z.array(z.enum(wakeSources))) }),
]) satisfies z.ZodMiniType<WhyNow>;

export const timelineEntry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('wakeup'),
    at: epochMs,
    source: z.enum(wakeSources),
    reason: z.string(),
    status: z.enum(wakeupStatuses),
    statusReason: z.nullable(z.string()),
    runId: z.nullable(z.string()),
    hasText: z.boolean(),
    isFresh: z.boolean(),
  }),
  z.object({ kind: z.literal('run'), at: epochMs, run }),
  z.object({
    kind: z.literal('skips'),
    at: epochMs,
    counts: z.readonly(z.array(z.object({ reason: z.enum(skipReasons), skips: z.number() }))),
  }),
  z.object({
    kind: z.literal('change'),
    at: epochMs,
    action: z.string(),
    actor: z.string(),
    text: z.nullable(z.string()),
    setting: z.nullable(z.string()),
  }),
]) satisfies z.ZodMiniType<TimelineEntry>;

const behind = z.int().check(z.gte(-1));
export const timelineCursor = z.object({
  wakeup: behind,
  run: behind,
  agentActivity: behind,
  folderActivity: behind,
  skipDay: behind,
}) satisfies z.ZodMiniType<TimelineCursor>;

export const runDetail = z.extend(run, {
  commandLine: z.string(),
  cwd: z.string(),
  pid: z.nullable(z.number()),
  stdoutExcerpt: z.string(),
  stderrExcerpt: z.string(),
  logPath: z.string(),
}) satisfies z.ZodMiniType<RunDetail>;

const pendingConsent = z.object({
  agent: agentKey,
  hash: z.string(),
  before: z.nullable(z.string()),
  after: z.string(),
  summary: z.string(),
}) satisfies z.ZodMiniType<PendingConsent>;

export const activity = z.object({
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

export const activityVerification = z.object({
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

export const configuration = z.object({
  status: z.enum(['missing', 'invalid', 'ok']),
  path: z.string(),
  org: z.nullable(z.string()),
  problems: z.readonly(z.array(z.object({ message: z.string(), line: z.number(), column: z.number() }))),
  pending: z.readonly(z.array(pendingConsent)),
}) satisfies z.ZodMiniType<ConfigurationState>;

export const runtime = z.object({
  pid: z.number(),
  version: z.string(),
  startedAt: epochMs,
  mode: z.enum(['running', 'draining']),
  isStopped: z.boolean(),
  slots: z.number(),
  storePath: z.string(),
  logPath: z.string(),
  remarks: z.readonly(z.array(z.string())),
  secrets: z.readonly(
    z.array(z.object({ name: z.string(), agents: z.readonly(z.array(z.string())), isSet: z.boolean() })),
  ),
}) satisfies z.ZodMiniType<RuntimeState>;
