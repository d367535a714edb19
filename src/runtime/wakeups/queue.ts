import { monotonicFactory } from 'ulid';
import type { Clock } from '../clock.ts';
import type { Actor, Audit } from '../governance/audit.ts';
import type { HeartbeatPolicy, HoldReason, RefusalReason, SkipReason, WakeupStatus } from '../model.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import { findAgent, type AgentRow } from '../store/agentTable.ts';
import {
  findQueuedRunOfScope,
  findRun,
  findRunningRunOfScope,
  listQueuedRunsOfAgent,
  markRunCancelling,
  markRunStarted,
  setRunCause,
  setRunDelay,
  setRunHold,
  setRunProcess,
  setRunSession,
  type RunRow,
  type Settlement,
} from '../store/runTable.ts';
import { takeSession, type TakenSession } from '../store/sessionTable.ts';
import { countSkip } from '../store/skipTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import {
  claimWakeups,
  endWakeupsOfAgent,
  findWakeupByKey,
  idempotencyMs,
  insertWakeup,
  listWaitingWakeups,
  nextWakeupNumber,
  releaseWakeup,
  type Wakeup,
} from '../store/wakeupTable.ts';
import { isUrgent } from './followUps.ts';
import { isBare, isRefusedWith, isRepetition, isStronger, taskKeyOf, type WakeRequest } from './inbox.ts';
import { NamedHeartbeats } from './namedHeartbeats.ts';
import { advanceIssue, priorityOf, queueRun } from './queuedRuns.ts';
import { isLimited, limitsOf, providerOf, RateLimits } from './rateLimits.ts';
import { recordRun } from './runRecord.ts';
import { sessionKeyOf } from './sessionKey.ts';
import { Settling } from './settling.ts';
import { withdrawQuestions } from './withdrawQuestions.ts';

/** What became of a request. `existing` is set when an earlier request with the same key answers it. */
export interface Admission {
  readonly wakeupId: string;
  readonly status: WakeupStatus;
  readonly refusal: RefusalReason | null;
  /** The run that delivers it, or the running one after which it will be delivered. */
  readonly runId: string | null;
  readonly isAfterRunning: boolean;
}

/** Why a request is not to happen; `heldFor` if it would be held were it not a timer's. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly heldFor?: HoldReason;
}

/** A run that was claimed, with all that its start needs. */
export interface ClaimedRun {
  readonly run: RunRow;
  readonly agent: AgentRow;
  /** Its session, as the last run left it. */
  readonly session: TakenSession;
  /** What its prompt delivers, oldest first. */
  readonly wakeups: readonly Wakeup[];
}

/**
 * Wakeups become runs here, and runs end here; each step is one transaction.
 *
 * wakeup:  queued → claimed → completed | failed | cancelled;  or at once coalesced | refused
 * run:     queued → running → settled;  or queued → settled when it is cancelled
 *
 * A queued run of the scope takes a new wakeup in. A running one has read its prompt already: the wakeup waits in the inbox,
 * and settling makes one follow-up run for all that wait.
 */
export class WakeQueue {
  readonly #state: StateWriter;
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #named: NamedHeartbeats;
  readonly #nextId: () => string;
  readonly #settling: Settling;
  readonly #limits: RateLimits;

  constructor(options: {
    readonly state: StateWriter;
    readonly clock: Clock;
    readonly audit: Audit;
    /** Chance, from 0 up to 1. Default: `Math.random`. */
    readonly random?: () => number;
  }) {
    this.#state = options.state;
    this.#audit = options.audit;
    this.#named = new NamedHeartbeats(options.audit);
    this.#clock = options.clock;
    const ulid = monotonicFactory();
    this.#nextId = () => ulid(this.#clock.now());
    const { audit, random = Math.random } = options;
    this.#limits = new RateLimits(audit);
    this.#settling = new Settling({ audit, named: this.#named, newId: this.#nextId, random });
  }

  /** Epoch ms. */
  now(): number {
    return this.#clock.now();
  }

  /** A new id: a ULID, growing within this process. */
  newId(): string {
    return this.#nextId();
  }

  /** Records a request that the gate did not refuse, as part of the caller's transaction. */
  admit(transaction: StateTransaction, request: WakeRequest): Admission {
    const earlier = this.#findDuplicate(transaction, request);
    if (earlier) return answerAgain(earlier);
    const taskKey = taskKeyOf(request);
    const queued = findQueuedRunOfScope(transaction, request.agent, taskKey);
    if (queued && isRepetition(request, queued)) return this.#coalesceTick(transaction, request, queued.id);
    if (queued) return this.#mergeIntoQueued(transaction, request, queued);
    const running = findRunningRunOfScope(transaction, request.agent, taskKey);
    if (!running) return this.#queueNewRun(transaction, request, taskKey);
    if (isRepetition(request, running)) return this.#coalesceTick(transaction, request, running.id);
    const status = isBare(request) ? 'coalesced' : 'queued';
    const wakeup = this.#insert(transaction, request, { taskKey, status, runId: isBare(request) ? running.id : null });
    return { wakeupId: wakeup.id, status, refusal: null, runId: running.id, isAfterRunning: true };
  }

  /** Records a request that is not to happen. Ticks of timers come again and again: they are counted and leave no rows. */
  refuse(transaction: StateTransaction, request: WakeRequest, { reason, heldFor }: Refusal): Admission {
    if (request.source === 'timer') {
      this.#countSkip(transaction, request.agent, heldFor ?? reason);
      return this.#unrecorded('refused', reason, null);
    }
    const earlier = this.#findDuplicate(transaction, request);
    if (earlier) return answerAgain(earlier);
    const wakeup = this.#insert(transaction, request, {
      taskKey: taskKeyOf(request),
      status: 'refused',
      statusReason: reason,
      runId: null,
    });
    return { wakeupId: wakeup.id, status: 'refused', refusal: reason, runId: null, isAfterRunning: false };
  }

  /** Makes a queued run the running one of its scope; its prompt takes in everything that waits. Null if it is not queued any more. */
  claim(runId: string, where: { readonly commandLine: string; readonly cwd: string }): ClaimedRun | null {
    return this.#state.commit((transaction) => {
      const run = findRun(transaction, runId);
      const agent = run && findAgent(transaction, run.agent);
      if (!agent || run.status !== 'queued') return null;
      const limits = limitsOf(transaction, providerOf(agent.definition));
      // Who was judged before a limit was reported, and is claimed after, must not slip through.
      if (!run.isForced && isLimited(limits, this.#clock.now())) return null;
      const wakeups = listWaitingWakeups(transaction, run.agent, run.taskKey);
      const cursor = wakeups.at(-1)?.number ?? 0;
      const at = this.#clock.now();
      markRunStarted(transaction, runId, { at, cursor, ...where, adapter: agent.definition.adapter });
      const key = { agent: run.agent, taskKey: sessionKeyOf(run.taskKey), adapter: agent.definition.adapter };
      const isFresh = wakeups.some((wakeup) => wakeup.isFresh);
      const session = takeSession(transaction, key, { runId, at, isFresh });
      claimWakeups(transaction, { agent: run.agent, taskKey: run.taskKey, cursor, runId });
      const issueStatus = advanceIssue(transaction, run, { from: 'todo', to: 'in_progress', at });
      recordRun(this.#audit, transaction, run, {
        action: 'run.claimed',
        details: {
          source: run.source,
          definition: agent.fingerprint,
          wakeups: wakeups.length,
          ...(isFresh && { isFresh }),
          ...issueStatus,
        },
      });
      this.#limits.noteClaimed(transaction, run, agent);
      this.#named.noteClaimed(transaction, run, wakeups);
      transaction.touchRun(runId);
      transaction.touchAgent(run.agent);
      const claimed = findRun(transaction, runId) ?? run;
      return { run: claimed, agent, session, wakeups };
    });
  }

  /** Notes which process a run became, so that a crash of the runtime does not lose track of it. */
  noteProcess(runId: string, identity: ProcessIdentity): void {
    this.#state.commit((transaction) => {
      setRunProcess(transaction, runId, identity);
    });
  }

  /** Notes the conversation that a running run is in, so that it can be gone on with after a crash of the runtime. */
  noteSession(runId: string, sessionId: string): void {
    this.#state.commit((transaction) => {
      setRunSession(transaction, runId, sessionId);
      transaction.touchRun(runId);
    });
  }

  /**
   * Settles a run once; a settled run is left alone. Everything that arrived while it ran makes one follow-up run.
   * @param isDelivered false when its prompt never reached the agent and should reach the next run
   */
  settle(runId: string, settlement: Settlement, isDelivered = true): void {
    this.#state.commit((transaction) => {
      this.#settling.settle(transaction, runId, settlement, isDelivered);
    });
  }

  /**
   * Settles a run that had not started as cancelled, with the wakeups that it would have delivered.
   * @param by who asked for it; null if it may not start any more
   */
  discard(runId: string, message: string, by: Actor | null = null): void {
    this.#state.commit((transaction) => {
      if (by !== null) this.#noteAsked(transaction, runId, by);
      this.#settling.settle(transaction, runId, { ...discarded, finishedAt: this.#clock.now(), message }, true);
    });
  }

  /** As part of the caller's transaction, settles a run that had not started as cancelled: nobody wants it any more. */
  withdraw(transaction: StateTransaction, runId: string, message: string): void {
    this.#settling.settle(transaction, runId, { ...discarded, finishedAt: this.#clock.now(), message }, true);
  }

  /**
   * Settles a queued run that may not start any more; a scheduled heartbeat that comes to nothing that late is counted too.
   * Wakeups in it that the refusal does not concern make a run of their own.
   */
  refuseQueued(run: RunRow, reason: RefusalReason, message: string): void {
    const { id, agent, taskKey, source } = run;
    this.#state.commit((transaction) => {
      if (source === 'timer') this.#countSkip(transaction, agent, reason);
      for (const wakeup of listWaitingWakeups(transaction, agent, taskKey)) {
        if (!isRefusedWith(run, wakeup, reason)) releaseWakeup(transaction, wakeup.id);
      }
      this.#settling.settle(transaction, id, { ...discarded, finishedAt: this.#clock.now(), message }, true);
    });
  }

  /** Notes that a person wants a run to end, as part of the caller's transaction; one that waits has ended with that. Answers its status before. */
  askForEnd(transaction: StateTransaction, runId: string, by: Actor): RunRow['status'] | null {
    const run = findRun(transaction, runId);
    if (!run) return null;
    this.#noteAsked(transaction, runId, by);
    if (run.status === 'running') markRunCancelling(transaction, runId);
    if (run.status === 'queued') {
      const message = 'Cancelled by the user before it started.';
      const finishedAt = this.#clock.now();
      this.#settling.settle(transaction, runId, { ...discarded, finishedAt, message }, true);
    }
    transaction.touchRun(runId);
    return run.status;
  }

  /** Ends everything that waits for an agent, as part of the caller's transaction, which has terminated it. */
  endWaiting(transaction: StateTransaction, agent: string): void {
    const at = this.#clock.now();
    const message = 'Not started: the agent was terminated.';
    for (const { id } of listQueuedRunsOfAgent(transaction, agent)) {
      this.#settling.settle(transaction, id, { ...discarded, finishedAt: at, message }, true);
    }
    endWakeupsOfAgent(transaction, agent, { reason: 'terminated', at });
    withdrawQuestions(transaction, { agent }, { at, audit: this.#audit });
  }

  /** Notes what queued runs wait for; only differences are written. */
  hold(holds: ReadonlyMap<string, HoldReason | null>): void {
    if (holds.size === 0) return;
    this.#state.commit((transaction) => {
      for (const [runId, reason] of holds) {
        setRunHold(transaction, runId, reason);
        transaction.touchRun(runId);
      }
    });
  }

  /** Who asks twice asks once. */
  #noteAsked(transaction: StateTransaction, runId: string, actor: Actor): void {
    const run = findRun(transaction, runId);
    if (!run || run.finishedAt !== null || run.isCancelling) return;
    const details = { wasRunning: run.status === 'running' };
    recordRun(this.#audit, transaction, run, { action: 'run.cancelAsked', actor, details });
  }

  #mergeIntoQueued(transaction: StateTransaction, request: WakeRequest, run: RunRow): Admission {
    const wakeup = this.#insert(transaction, request, { taskKey: run.taskKey, status: 'queued', runId: run.id });
    if (isStronger(request.source, run.source)) {
      const { source, reason } = request;
      const priority = Math.min(run.priority, priorityOf(transaction, request.issueId));
      setRunCause(transaction, run.id, { source, reason, priority });
      transaction.touchRun(run.id);
    }
    this.#hasten(transaction, request, run);
    return { wakeupId: wakeup.id, status: 'queued', refusal: null, runId: run.id, isAfterRunning: false };
  }

  /** A person, or new work, does not wait for another try; what a person asks for is confirmed. */
  #hasten(transaction: StateTransaction, request: WakeRequest, run: RunRow): void {
    const notBefore = isUrgent(request) ? null : run.notBefore;
    const isForced = run.isForced || request.isForced === true;
    const needsConfirmation = run.needsConfirmation && request.author !== 'user';
    const isSame =
      notBefore === run.notBefore && isForced === run.isForced && needsConfirmation === run.needsConfirmation;
    if (isSame) return;
    setRunDelay(transaction, run.id, { notBefore, isForced, needsConfirmation });
    setRunHold(transaction, run.id, null);
    transaction.touchRun(run.id);
  }

  #queueNewRun(transaction: StateTransaction, request: WakeRequest, taskKey: string): Admission {
    const runId = this.#nextId();
    const wakeup = this.#insert(transaction, request, { taskKey, status: 'queued', runId });
    const { agent, source, reason, issueId, isForced = false } = request;
    queueRun(transaction, {
      id: runId,
      agent,
      taskKey,
      source,
      reason,
      issueId,
      queuedAt: this.#clock.now(),
      isForced,
    });
    return { wakeupId: wakeup.id, status: 'queued', refusal: null, runId, isAfterRunning: false };
  }

  #insert(
    transaction: StateTransaction,
    request: WakeRequest,
    placing: Pick<Wakeup, 'taskKey' | 'status' | 'runId'> & { readonly statusReason?: string },
  ): Wakeup {
    const at = this.#clock.now();
    const { agent, source, reason, text, issueId, idempotencyKey, author, cause = null, isFresh = false } = request;
    const { taskKey, status, runId, statusReason = null } = placing;
    const endedAt = status === 'queued' ? null : at;
    const number = nextWakeupNumber(transaction);
    const asked = { agent, taskKey, source, reason, text, issueId, idempotencyKey, author, cause, isFresh };
    const wakeup = { id: this.#nextId(), number, ...asked, status, statusReason, runId, requestedAt: at, endedAt };
    insertWakeup(transaction, wakeup);
    return wakeup;
  }

  #coalesceTick(transaction: StateTransaction, { agent }: WakeRequest, runId: string): Admission {
    this.#countSkip(transaction, agent, 'coalesced');
    return this.#unrecorded('coalesced', null, runId);
  }

  #unrecorded(status: 'refused' | 'coalesced', refusal: RefusalReason | null, runId: string | null): Admission {
    return { wakeupId: this.#nextId(), status, refusal, runId, isAfterRunning: runId !== null };
  }

  #countSkip(transaction: StateTransaction, agent: string, reason: SkipReason): void {
    const isFirst = countSkip(transaction, { agent, reason, at: this.#clock.now() });
    transaction.touchAgent(agent);
    const policy = isFirst ? findAgent(transaction, agent)?.definition.heartbeat : undefined;
    const setting = policy && skippingSetting(reason, policy);
    if (setting === undefined) return;
    this.#audit.record(transaction, {
      actor: 'runtime',
      action: 'heartbeat.skipped',
      target: `agent:${agent}`,
      agent,
      result: reason,
      details: { setting },
    });
  }

  #findDuplicate(transaction: StateTransaction, request: WakeRequest): Wakeup | undefined {
    const { agent, source, idempotencyKey } = request;
    if (idempotencyKey === null) return undefined;
    const since = this.#clock.now() - idempotencyMs;
    return findWakeupByKey(transaction, { agent, source, idempotencyKey, since });
  }
}

/** A request with a key that was used already gets the first one's id, and what became of that. */
function answerAgain({ id, status, runId }: Wakeup): Admission {
  return { wakeupId: id, status, refusal: 'duplicate', runId, isAfterRunning: false };
}

/** The setting that makes heartbeats come to nothing for a reason; said once a day. */
function skippingSetting(reason: SkipReason, { quietHours, onlyIf }: HeartbeatPolicy): string | undefined {
  if (reason === 'quiet_hours') return `quietHours: ${String(quietHours)}`;
  const unchanged = onlyIf.length === 0 ? '' : `, onlyIf: ${onlyIf.join(', ')}`;
  return reason === 'nothing_to_do' ? `skipWhenIdle: true${unchanged}` : undefined;
}

/** A run that was cancelled before it had started. */
const discarded = {
  status: 'cancelled',
  exitCode: null,
  signal: null,
  errorCode: 'cancelled_by_user',
  stdoutExcerpt: '',
  stderrExcerpt: '',
  logBytes: 0,
  setback: null,
} as const;
