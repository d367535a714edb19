/**
 * The contract between a folder's runtime and its clients: requests, the snapshot and numbered changes.
 * Both sides validate what they receive. Objects ignore fields they do not know, so that builds of one
 * major version understand each other; the major version is `protocolVersion`.
 */
import * as z from 'zod/mini';
import { issuePriorities, issueStatuses, undoProblems, wakeupStatuses, type RetentionLimits } from './runtime/model.ts';
import { agentCheck } from './protocolCheck.ts';
import { listedSession, session } from './protocolSessions.ts';
import {
  activity,
  activityVerification,
  agent,
  agentKey,
  auditKey,
  configuration,
  epochMs,
  heartbeatRun,
  id,
  issue,
  issueComment,
  issueLocation,
  issueReference,
  question,
  run,
  runDetail,
  runtime,
  secretName,
  timelineCursor,
  timelineEntry,
  whyNow,
} from './protocolEntities.ts';
import { simulation } from './protocolSimulation.ts';

export const protocolVersion = 1;

/** One thing that became different; `put` carries the whole new entity. */
const change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('agent'), value: agent }),
  z.object({ kind: z.literal('agentRemoved'), key: agentKey }),
  z.object({ kind: z.literal('issue'), value: issue }),
  z.object({ kind: z.literal('issueRemoved'), id }),
  z.object({ kind: z.literal('run'), value: run }),
  z.object({ kind: z.literal('runRemoved'), id }),
  /** Only pending ones: one that has ended is removed. */
  z.object({ kind: z.literal('question'), value: question }),
  z.object({ kind: z.literal('questionRemoved'), id }),
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

/** Bounded: all agents, the 500 newest open issues, what runs, the 1000 queued runs that may start first, the 50 newest settled runs, the 200 newest pending questions. */
const snapshot = z.object({
  sequence: z.number(),
  runtime,
  configuration,
  agents: z.array(agent),
  issues: z.array(issue),
  runs: z.array(run),
  questions: z.array(question),
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

/** Something that waits. */
const queueEntry = z.object({
  run,
  /** Of the oldest wakeup, epoch ms. */
  since: epochMs,
  /** Wakeups that it will deliver, or that wait for its end. */
  wakeups: z.number(),
  /** Those of them in which a person wrote something. */
  messages: z.number(),
  /** One of them asks for a new conversation. */
  isFresh: z.boolean(),
});
export type QueueEntry = z.infer<typeof queueEntry>;

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
  /** The part of it that was reckoned from list prices. */
  listedMicros: z.number(),
  tokens: z.nullable(z.object({ input: z.number(), cached: z.number(), cacheWrite: z.number(), output: z.number() })),
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
/** Of a client's own environment what every run gets (see `environment.ts`); taken from trusted clients only. */
const clientEnvironment = z.record(z.string().check(z.maxLength(100)), z.string().check(z.maxLength(32_768)));
/** Runs of all folders of this machine at a time; taken from trusted clients only. */
const maxConcurrentRuns = z.int().check(z.gte(1), z.lte(1000));
export type RetentionSettings = z.output<typeof retention>;

/** Without its content. Counts are null for what is no text. */
const changedFile = z.object({
  /** Relative to the root of the working tree, with forward slashes. */
  path: z.string(),
  movedFrom: z.nullable(z.string()),
  hasBefore: z.boolean(),
  hasAfter: z.boolean(),
  addedLines: z.nullable(z.number()),
  removedLines: z.nullable(z.number()),
});
export type ListedChange = z.infer<typeof changedFile>;

const undoPreview = z.object({
  /** Paths of all files that would change; at most 1000 of them, and how many there are. */
  files: z.array(z.string()),
  total: z.number(),
  /** At most 1000. */
  obstacles: z.array(z.object({ path: z.string(), problem: z.enum(undoProblems) })),
});
export type UndoPreview = z.infer<typeof undoPreview>;

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
      maxConcurrentRuns: z.optional(maxConcurrentRuns),
      auditKey: z.optional(auditKey),
      environment: z.optional(clientEnvironment),
      /** The running run in which an agent asks: then the client has the agent's rights, and its trust and settings count for nothing. */
      runId: z.optional(id),
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
      maxConcurrentRuns: z.optional(maxConcurrentRuns),
      auditKey: z.optional(auditKey),
      environment: z.optional(clientEnvironment),
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
      /** What the work is kept together by: the task key, else the task, else the issue. */
      taskKey: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
      taskId: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
      /** The run that delivers it begins a new conversation, whatever else it delivers. */
      isFresh: z.optional(z.boolean()),
      idempotencyKey: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
    }),
    wakeResult,
  ),
  'agent.pause': request(z.object({ agent: agentKey, reason: z.optional(z.string().check(z.maxLength(500))) }), empty),
  'agent.resume': request(z.object({ agent: agentKey }), empty),
  /** Ends what runs and waits of an agent, and lets nothing wake it again until it is deleted. Answers how many runs it ended. */
  'agent.terminate': request(
    z.object({ agent: agentKey, reason: z.optional(z.string().check(z.maxLength(500))) }),
    z.object({ cancelled: z.number() }),
  ),
  /**
   * Ends a run; with `pause` its agent is paused before. Answers what becomes of the wakes behind it: with `confirm` they wait as a
   * run held for `confirmation`, which `queue.runNow` lets go on and `queue.discard` ends.
   */
  'run.cancel': request(
    z.object({ runId: id, pause: z.optional(z.boolean()) }),
    z.object({ followUps: z.object({ kind: z.enum(['none', 'discarded', 'confirm']), count: z.number() }) }),
  ),
  'run.get': request(z.object({ runId: id }), runDetail),
  /** Why an agent runs or does not, now, and what led to it, newest first; `before` is the `next` of the page before. */
  'agent.explain': request(
    z.object({ agent: agentKey, before: z.optional(timelineCursor), limit: pageLimit }),
    z.object({
      agent: agentKey,
      at: epochMs,
      now: whyNow,
      entries: z.array(timelineEntry),
      next: z.nullable(timelineCursor),
    }),
  ),
  /**
   * Looks whether an agent could work. Short commands of its program are run and its servers asked, at most 10 s each; no run is
   * started. Refused for untrusted clients and while everything is stopped.
   */
  'agent.check': request(z.object({ agent: agentKey }), agentCheck),
  /** What the schedules would start in the next seven days, by days of a time zone (default: the runtime's). */
  'schedule.simulate': request(
    z.object({ timeZone: z.optional(z.string().check(z.minLength(1), z.maxLength(64))) }),
    simulation,
  ),
  /**
   * Queued runs in the order in which they may start, and (on the first page) running ones behind which something waits;
   * `after` is the last run of the page before.
   */
  'queue.list': request(
    z.object({ after: z.optional(z.object({ priority: z.number(), place: z.number() })), limit: pageLimit }),
    z.object({ entries: z.array(queueEntry), behind: z.array(queueEntry), hasMore: z.boolean() }),
  ),
  /** One queued run, and what it would deliver. */
  'queue.inspect': request(z.object({ runId: id }), queueEntry),
  /**
   * Ends a queued run and its wakeups. Refused for one that has started, and for one with more messages of a person in it
   * than the client knows of (default: none).
   */
  'queue.discard': request(z.object({ runId: id, messages: z.optional(z.int().check(z.nonnegative())) }), empty),
  /** Changes the order in which queued runs may start, durably. Refused for untrusted clients, and for a run that has started. */
  'queue.move': request(
    z.object({ runId: id, to: z.enum(['up', 'down', 'first']) }),
    z.object({ isMoved: z.boolean() }),
  ),
  /**
   * Puts a queued run first and lets it pass what a person may pass over: quiet hours, nothing to do, a limit of its provider, the
   * loop breaker, its next attempt's time, the question whether to continue. What else it waits for still holds it. Refused for untrusted clients.
   */
  'queue.runNow': request(z.object({ runId: id }), wakeResult),
  /** Questions of runs that nobody has answered yet, newest first; `before` is the `number` of the last one of the page before. */
  'question.list': request(
    z.object({ before: z.optional(z.number()), limit: pageLimit }),
    z.object({ questions: z.array(question), hasMore: z.boolean() }),
  ),
  /**
   * Answers a question, once: the run that waits gets it, or its agent is woken with it in the same session. Refused for
   * untrusted clients, as is dismissing.
   */
  'question.answer': request(
    z.object({ questionId: id, answer: z.string().check(z.trim(), z.minLength(1), z.maxLength(10_000)) }),
    z.object({ message: z.string() }),
  ),
  /** Ends a question without an answer. */
  'question.dismiss': request(z.object({ questionId: id }), empty),
  /** Newest first; `before` is the `number` of the last run of the page before. */
  'run.list': request(
    z.object({ before: z.optional(z.number()), agent: z.optional(agentKey), limit: pageLimit }),
    z.object({ runs: z.array(run), hasMore: z.boolean() }),
  ),
  /** What a run changed, by path, from the `offset`th file on. Kept as long as its log. */
  'run.changes': request(
    z.object({ runId: id, offset: z.int().check(z.nonnegative()), limit: z.int().check(z.gte(1), z.lte(1000)) }),
    z.object({ root: z.string(), files: z.array(changedFile), total: z.number() }),
  ),
  /** One side of a file that a run changed, as text; null where the file did not exist, or is no text or too long to show. */
  'run.fileVersion': request(
    z.object({ runId: id, path: filePath, side: z.enum(['before', 'after']) }),
    z.object({ text: z.nullable(z.string()), kind: z.enum(['text', 'absent', 'binary', 'tooLong']) }),
  ),
  /** Whether the changes of a run could be taken back as a whole, and if not, what stands against it. Changes nothing. */
  'run.previewUndo': request(z.object({ runId: id }), undoPreview),
  /** Takes the changes of a run back in the working tree; refused as a whole if anything stands against it. Refused for untrusted clients. */
  'run.undo': request(z.object({ runId: id }), z.object({ files: z.number() })),
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
    z.object({ sessions: z.array(listedSession), hasMore: z.boolean(), total: z.number() }),
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
      /** The issue that it is a part of. */
      parentId: z.optional(id),
      /** Open issues that it waits for. */
      blockedBy: z.optional(z.array(id).check(z.maxLength(20))),
    }),
    z.object({ issue, wake: z.nullable(wakeResult) }),
  ),
  'issue.assign': request(
    z.object({ issueId: id, agent: z.nullable(agentKey) }),
    z.object({ issue, wake: z.nullable(wakeResult) }),
  ),
  /** What a person or an agent says about an issue; wakes its assignee and whom it names as `@agent`. */
  'issue.comment': request(
    z.object({ issueId: id, text: z.string().check(z.trim(), z.minLength(1), z.maxLength(20_000)) }),
    z.object({ comment: issueComment, wakes: z.array(z.extend(wakeResult, { agent: agentKey })) }),
  ),
  /** Newest first; `before` is the `number` of the last comment of the page before. */
  'issue.comments': request(
    z.object({ issueId: id, before: z.optional(z.number()), limit: pageLimit }),
    z.object({ comments: z.array(issueComment), hasMore: z.boolean() }),
  ),
  /** The issue waits for another open one. Refused where that would be a circle. */
  'issue.block': request(z.object({ issueId: id, by: id }), z.object({ issue })),
  /** The issue does not wait for another one any more; without `by` for none, and it is not marked as blocked either. */
  'issue.unblock': request(z.object({ issueId: id, by: z.optional(id) }), z.object({ issue })),
  /** An issue with those that it hangs together with, each list 100 at most. */
  'issue.get': request(
    z.object({ issueId: id }),
    z.object({
      issue,
      parent: z.nullable(issueReference),
      children: z.array(issueReference),
      blockers: z.array(issueReference),
      blocked: z.array(issueReference),
    }),
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
  /**
   * Runs of named heartbeats, newest first; `before` is the `number` of the last one of the page before. The steps of one are
   * what `activity.list` answers for its id.
   */
  'heartbeat.list': request(
    z.object({ before: z.optional(z.number()), limit: pageLimit }),
    z.object({ heartbeats: z.array(heartbeatRun), hasMore: z.boolean() }),
  ),
  /**
   * The errors and warnings that a window sees in the folder, for `onlyIf: diagnostics`: how many, and a SHA-256 in hex that is
   * another one when they are others. The last report counts. Refused for untrusted clients.
   */
  'diagnostics.report': request(
    z.object({
      digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
      errors: z.int().check(z.nonnegative()),
      warnings: z.int().check(z.nonnegative()),
    }),
    empty,
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
  /**
   * Gives the runtime values of secrets, which it keeps in memory; the last one counts. Answers how many were new to it. Refused for
   * untrusted clients and for agents; no request answers a value.
   */
  'secrets.offer': request(
    z.object({ values: z.record(secretName, z.string().check(z.minLength(1), z.maxLength(8192))) }),
    z.object({ changed: z.number() }),
  ),
  /** Has the runtime forget values; what runs keeps them. Answers how many there were. Refused for untrusted clients. */
  'secrets.forget': request(
    z.object({ names: z.array(secretName).check(z.maxLength(1000)) }),
    z.object({ changed: z.number() }),
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
