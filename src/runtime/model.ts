/** The words of the domain. Every status and source is spelled here once; SQL, protocol and views use these. */

/** Where a request to wake an agent came from. */
export const wakeSources = ['timer', 'assignment', 'on_demand', 'automation'] as const;
export type WakeSource = (typeof wakeSources)[number];

/** Who asked for a wake: a person, an agent in one of its runs, or the runtime by itself. */
export const wakeAuthors = ['user', 'agent', 'runtime'] as const;
export type WakeAuthor = (typeof wakeAuthors)[number];

/** `queued → running → succeeded | failed | timed_out | cancelled`; the last four are settled. */
export const runStatuses = ['queued', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled'] as const;
export type RunStatus = (typeof runStatuses)[number];
export type SettledStatus = Exclude<RunStatus, 'queued' | 'running'>;

export const wakeupStatuses = [
  'queued',
  'claimed',
  'coalesced',
  'completed',
  'failed',
  'cancelled',
  'refused',
] as const;
export type WakeupStatus = (typeof wakeupStatuses)[number];

export const agentStatuses = [
  'idle',
  'running',
  'paused',
  'error',
  'pending_approval',
  'terminated',
  'absent',
] as const;
export type AgentStatus = (typeof agentStatuses)[number];

export const issueStatuses = ['todo', 'in_progress', 'in_review', 'blocked', 'done', 'cancelled'] as const;
export type IssueStatus = (typeof issueStatuses)[number];
export const openIssueStatuses: readonly IssueStatus[] = ['todo', 'in_progress', 'in_review', 'blocked'];

export const issuePriorities = ['urgent', 'high', 'medium', 'low'] as const;
export type IssuePriority = (typeof issuePriorities)[number];

/** Why a run did not succeed; the message beside it says what to do next. */
export const runErrorCodes = [
  'command_not_found',
  'cwd_missing',
  'spawn_failed',
  'exit_code',
  'reported_failure',
  'no_result',
  'login_required',
  'session_lost',
  'session_broken',
  'context_full',
  'turn_limit',
  'model_unknown',
  'credit_exhausted',
  'request_refused',
  'permission_missing',
  'unreachable',
  'bad_response',
  'signal',
  'exit_unknown',
  'timeout',
  'cancelled_by_user',
  'cancelled_by_stop',
  'process_lost',
  'temporary_failure',
  'rate_limited',
  'log_failed',
  'secret_missing',
  'internal',
] as const;
export type RunErrorCode = (typeof runErrorCodes)[number];

/** What a held wakeup or queued run waits for. */
export const holdReasons = [
  'stopped',
  'trust',
  'consent',
  'paused',
  'absent',
  'loop_breaker',
  'blocked',
  'secrets',
  'locked',
  'rate_limit',
  'budget',
  'confirmation',
  'retry',
  'scope_busy',
  'issue_busy',
  'session_busy',
  'cwd_busy',
  'provider_busy',
  'slots_busy',
  'machine_busy',
  'draining',
] as const;
export type HoldReason = (typeof holdReasons)[number];

/** Why a wakeup was refused. */
export const refusalReasons = [
  'terminated',
  'source_disabled',
  'duplicate',
  'issue_closed',
  'quiet_hours',
  'nothing_to_do',
  'timer_while_held',
  'hop_limit',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/**
 * Why a scheduled heartbeat came to nothing: it would have been held, was refused, the agent was at it already (`coalesced`), or
 * its time passed while nothing ran (`missed`).
 */
export const skipReasons = [...holdReasons, ...refusalReasons, 'coalesced', 'missed'] as const;
export type SkipReason = (typeof skipReasons)[number];

/** How long history is kept. Days and counts hold together: what is beyond either goes. 0 = no limit. */
export interface RetentionLimits {
  readonly runDays: number;
  readonly runCount: number;
  readonly logDays: number;
  /** All run logs together, in MiB. */
  readonly logMegabytes: number;
  /** The log of one run, in MiB. */
  readonly logMegabytesPerRun: number;
  readonly wakeupDays: number;
  readonly wakeupCount: number;
  readonly activityDays: number;
  readonly activityCount: number;
}

/** Why a run's log was removed: `age`, after `limit` days; `size`, because all logs together had more than `limit` MiB. */
export interface LogRemoval {
  readonly reason: 'age' | 'size';
  readonly limit: number;
}

/** What an agent did on one day, as the clock of the runtime's machine reckons days. */
export interface AgentDay {
  /** Epoch ms of its beginning and its end. */
  readonly from: number;
  readonly to: number;
  /** Runs that ended in it. */
  readonly runs: number;
  readonly failedRuns: number;
  readonly runMs: number;
  /** What they cost, in micro-dollars; null if that is known of none, a lower bound if `runsWithoutCost` is not 0. */
  readonly costMicros: number | null;
  /** The part of it that was reckoned from list prices. */
  readonly listedMicros: number;
  readonly runsWithoutCost: number;
}

/** Scheduled heartbeats of an agent that came to nothing on one UTC day. */
export interface AgentSkips {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly counts: readonly { readonly reason: SkipReason; readonly skips: number }[];
}

/** What becomes of heartbeats whose time passed unserved: nothing, or one that stands for all of them. */
export const catchUpPolicies = ['skip', 'once'] as const;
export type CatchUpPolicy = (typeof catchUpPolicies)[number];

/** What a scheduled heartbeat of an idle agent may be for: another commit, other files, other errors and warnings. */
export const onlyIfKinds = ['git_head', 'files', 'diagnostics'] as const;
export type OnlyIfKind = (typeof onlyIfKinds)[number];

/** When and for what an agent may be woken; the three `wakeOn…` switches are independent. */
export interface HeartbeatPolicy {
  /** Allows the agent's own schedule. */
  readonly enabled: boolean;
  /** Seconds between scheduled heartbeats; 0 = no interval. */
  readonly intervalSec: number;
  /** Five-field cron expression, or null. */
  readonly cron: string | null;
  /** IANA time zone of `cron` and `quietHours`; null = the host's. */
  readonly timezone: string | null;
  readonly catchUp: CatchUpPolicy;
  /** `22:00-07:00`: scheduled heartbeats come to nothing from the first time until before the second; null = none. */
  readonly quietHours: string | null;
  /** True: a scheduled heartbeat comes to nothing while no issue is open for the agent and nothing waits to be delivered. */
  readonly skipWhenIdle: boolean;
  /** What else is something to do, if it is not as its last run left it; only with `skipWhenIdle`. In the order of `onlyIfKinds`. */
  readonly onlyIf: readonly OnlyIfKind[];
  readonly wakeOnAssignment: boolean;
  readonly wakeOnOnDemand: boolean;
  readonly wakeOnAutomation: boolean;
  readonly maxConcurrentRuns: number;
}

/** The share of an agent in a heartbeat that several have in common, as its definition has it. */
export interface NamedHeartbeat {
  readonly name: string;
  /** Five-field cron expression. */
  readonly cron: string;
  /** IANA time zone; null = the host's. */
  readonly timezone: string | null;
  readonly catchUp: CatchUpPolicy;
  /** Told to the agent. */
  readonly goal: string;
}

/** One time that a named heartbeat fell due. Its steps are the entries of the audit log with its id as run. */
export interface HeartbeatRun {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  /** Epoch ms. */
  readonly plannedAt: number;
  readonly triggeredAt: number;
  /** Null while one of its agents is at it. */
  readonly completedAt: number | null;
  readonly parts: readonly {
    readonly agent: string;
    readonly runId: string | null;
    /** The status of its run, or why there was none; null while it goes on. */
    readonly outcome: string | null;
  }[];
}

/** What is known of one configured worker: its definition in force and its state. */
export interface Agent {
  /** Its key in `agents:` of the configuration; its identity within the folder. */
  readonly key: string;
  readonly role: string | null;
  readonly goal: string | null;
  readonly reportsTo: string | null;
  readonly adapter: string;
  readonly status: AgentStatus;
  /** Said by whoever paused it, or by what put it in `error`. */
  readonly statusReason: string | null;
  /** `pending`: the file has a definition that the user has not accepted; `accepted`: none waits. */
  readonly consent: 'accepted' | 'pending';
  /** False until a definition was accepted once; then nothing of it can run. */
  readonly isRunnable: boolean;
  /** The command line as a person would read it, of the definition in force (or of the pending one if none is). */
  readonly commandLine: string;
  readonly cwd: string;
  readonly timeoutSec: number;
  /** Further attempts after one that failed for the moment only. */
  readonly retries: number;
  /** It stopped itself, because it did not get on; `statusReason` says why. */
  readonly isTripped: boolean;
  /** Nothing more of it starts until it is resumed, also while a run of it still goes on. */
  readonly isPaused: boolean;
  /** Epoch ms until which its provider lets nothing through, as of the last change of the agent; null if nothing is known of a limit. */
  readonly limitedUntil: number | null;
  readonly heartbeat: HeartbeatPolicy;
  readonly namedHeartbeats: readonly NamedHeartbeat[];
  /** Epoch ms of the next heartbeat of its own schedule or a named one; null if none is planned. */
  readonly nextHeartbeatAt: number | null;
  readonly lastRunId: string | null;
  readonly lastRunStatus: RunStatus | null;
  /** Epoch ms at which the last run settled. */
  readonly lastRunAt: number | null;
  /** As of the last change of the agent. */
  readonly today: AgentDay;
  readonly skips: AgentSkips;
}

/** A place in the workspace that an issue is about; lines and characters count from 0, end exclusive. */
export interface IssueLocation {
  /** Path relative to the folder, with forward slashes. */
  readonly path: string;
  readonly startLine: number;
  readonly startCharacter: number;
  readonly endLine: number;
  readonly endCharacter: number;
  /** The text that was selected, at most 4 000 characters. */
  readonly text: string;
}

/** A unit of work. */
export interface Issue {
  readonly id: string;
  /** Counts from 1 within the folder: what people say, as in "#12". */
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly status: IssueStatus;
  readonly priority: IssuePriority;
  /** Agent key, or null. */
  readonly assignee: string | null;
  readonly location: IssueLocation | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The issue that it is a part of, or null. */
  readonly parentId: string | null;
  /** Ids of the open issues that it waits for; an issue waits for 20 at most. */
  readonly blockedBy: readonly string[];
  /** Its parts that are open. */
  readonly openChildren: number;
  readonly comments: number;
  /** Epoch ms at which agents last woke each other about it once too often; null if they never did. */
  readonly loopStoppedAt: number | null;
}

/** What somebody said about an issue. */
export interface IssueComment {
  readonly id: string;
  /** Orders comments within the store; larger is newer. */
  readonly number: number;
  readonly issueId: string;
  /** `user:window`, `user:cli` or `agent:<key>`. */
  readonly author: string;
  /** The run in which an agent wrote it; null for a person's. */
  readonly runId: string | null;
  readonly text: string;
  readonly createdAt: number;
}

/** What it takes to go on with a conversation of an adapter's program; its codec knows the names. */
export type SessionParams = Readonly<Record<string, string>>;

/** What runs used of one model. */
export interface ModelUsage {
  /** '' if it was not said. */
  readonly model: string;
  /** All that was sent, with what came from or went into a cache. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** Integer micro-dollars; null if it is not known. */
  readonly costMicros: number | null;
  /** True: nobody said a cost; it was reckoned from the list price. */
  readonly isListPrice: boolean;
}

/** What one run used; where nothing is known of it, there is none of these. Without models it used nothing: it never started. */
export interface RunUsage {
  readonly models: readonly ModelUsage[];
  /** Answers of models; null if not known. */
  readonly turns: number | null;
}

/** One execution of an agent. */
export interface Run {
  readonly id: string;
  /** Orders runs within the store; larger is newer. */
  readonly number: number;
  readonly agent: string;
  readonly taskKey: string;
  readonly issueId: string | null;
  readonly source: WakeSource;
  /** Why it was asked for, in a person's words. */
  readonly reason: string;
  readonly status: RunStatus;
  /** What a queued run waits for; null when nothing but its turn. */
  readonly heldFor: HoldReason | null;
  readonly queuedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly errorCode: RunErrorCode | null;
  /** What happened and what to do next; for a success what it said itself; while it runs what it says it is at. */
  readonly message: string | null;
  /** Bytes in its log; while it runs, as last announced. */
  readonly logBytes: number;
  /** True once somebody asked for its end. */
  readonly isCancelling: boolean;
  /** Null while its log is kept. */
  readonly logRemoval: LogRemoval | null;
  /** Smaller is more urgent: from the issue's priority, or where a person moved it. */
  readonly priority: number;
  /** Its place among queued runs of its priority, smaller first; grows with its number until somebody moves it. */
  readonly place: number;
  /** Null until it has ended, and for runs that were never watched. */
  readonly changes: RunChanges | null;
  /** The first attempt at what this run is another attempt at; null for the first one itself. */
  readonly chainId: string | null;
  /** Counts from 1 within the chain. */
  readonly attempt: number;
  /** Epoch ms before which a queued run does not start; null if it may at once. */
  readonly notBefore: number | null;
  /** Epoch ms since which a running run waits for a person, or says nothing; null if it does not. */
  readonly waitingSince: number | null;
  readonly stalledSince: number | null;
  /** The adapter that it was started with; null before, and for runs of older builds. */
  readonly adapter: string | null;
  /** Null while nothing is known. */
  readonly usage: RunUsage | null;
  /** The conversation it was in, as the agent's program names it; null if it has none. */
  readonly sessionId: string | null;
}

/** Why nothing is known of what a run changed. */
export const changeGaps = ['no_git', 'no_repository', 'too_slow', 'failed'] as const;
export type ChangeGap = (typeof changeGaps)[number];

/**
 * What limits an account of changes: others may have had a part in them (`overlap`), files could not be read (`unreadable`),
 * repositories inside the folder were left out (`nested`).
 */
export const changeNotes = ['overlap', 'unreadable', 'nested'] as const;
export type ChangeNote = (typeof changeNotes)[number];

/** What became different in the working tree while a run went on. Lines are those of text files. */
export type RunChanges =
  | {
      readonly kind: 'recorded';
      readonly files: number;
      readonly addedLines: number;
      readonly removedLines: number;
      readonly notes: readonly ChangeNote[];
    }
  | { readonly kind: 'unknown'; readonly gap: ChangeGap };

/**
 * Why a file is not taken back: it was changed since, something else lies in its way, whether it is new is not known (rules about
 * ignored files changed too), or it is none that we would write.
 */
export const undoProblems = ['changed', 'in_the_way', 'perhaps_older', 'not_allowed'] as const;
export type UndoProblem = (typeof undoProblems)[number];

/** The parts of a run that lists leave out. */
export interface RunDetail extends Run {
  readonly commandLine: string;
  readonly cwd: string;
  readonly pid: number | null;
  readonly stdoutExcerpt: string;
  readonly stderrExcerpt: string;
  /** Absolute path of the whole log. */
  readonly logPath: string;
}

/** The key of the session that all wakes of an agent have in common which are about no task. */
export const unscopedSession = 'unscoped';
export const questionStatuses = ['pending', 'answered', 'dismissed', 'withdrawn'] as const;
export type QuestionStatus = (typeof questionStatuses)[number];

/** What a run asked a person. Its texts were written by an agent. */
export interface Question {
  readonly id: string;
  /** Orders questions within the store; larger is newer. */
  readonly number: number;
  readonly runId: string;
  readonly agent: string;
  readonly taskKey: string;
  readonly issueId: string | null;
  readonly text: string;
  /** Answers that it offers; any other may be given too. */
  readonly choices: readonly string[];
  readonly askedAt: number;
}

/** What a session is kept for: one (agent, task key, adapter type). */
export interface Session {
  readonly agent: string;
  /** See `sessionKeyOf`. */
  readonly taskKey: string;
  readonly adapter: string;
  /** Of its present conversation. */
  readonly runs: number;
  /** Epoch ms of the beginning of its present conversation, and of the end of its last run. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** As the agent's program names it; null if there is nothing to go on with. */
  readonly sessionId: string | null;
  /** The directory that it belongs to; null for sessions of older builds. */
  readonly cwd: string | null;
  /** What it holds, as last told; null if not known. */
  readonly contextTokens: number | null;
}

/** A mistake in the configuration file; line and column count from 1. */
export interface ConfigurationProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A definition that waits for the user's word. */
export interface PendingConsent {
  readonly agent: string;
  /** Identifies exactly what would be accepted. */
  readonly hash: string;
  /** The definition in force as readable text; null if there is none. */
  readonly before: string | null;
  readonly after: string;
  /** One sentence: what would be executed. */
  readonly summary: string;
}

export interface ConfigurationState {
  /** `invalid`: the file has problems and the last good definitions stay in force. */
  readonly status: 'missing' | 'invalid' | 'ok';
  /** Absolute path of the file, existing or not. */
  readonly path: string;
  readonly org: string | null;
  readonly problems: readonly ConfigurationProblem[];
  readonly pending: readonly PendingConsent[];
}

/** The state of one folder's runtime as a whole. */
export interface RuntimeState {
  readonly pid: number;
  readonly version: string;
  readonly startedAt: number;
  /** `draining`: a newer build takes over soon; nothing new starts. */
  readonly mode: 'running' | 'draining';
  /** True while Stop Everything holds all wakes. */
  readonly isStopped: boolean;
  readonly slots: number;
  readonly storePath: string;
  readonly logPath: string;
  /** What the person should know of how the state was recovered at this start, in sentences; usually nothing. */
  readonly remarks: readonly string[];
  /** The secrets that definitions in force name, by name; never their values. */
  readonly secrets: readonly SecretNeed[];
}

/** A secret that agents need. */
export interface SecretNeed {
  readonly name: string;
  /** Keys of the agents that cannot run without it. */
  readonly agents: readonly string[];
  /** The runtime has a value of it. */
  readonly isSet: boolean;
}
