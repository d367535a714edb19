import { monotonicFactory } from 'ulid';
import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import type { Actor, Audit, AuditDetails } from '../governance/audit.ts';
import type {
  HeartbeatPolicy,
  HoldReason,
  IssueStatus,
  RefusalReason,
  RunChanges,
  SkipReason,
  WakeupStatus,
} from '../model.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import { findAgent, setLastRun, type AgentRow } from '../store/agentTable.ts';
import { findIssue, setIssueStatus } from '../store/issueTable.ts';
import {
  findQueuedRunOfScope,
  findRun,
  findRunningRunOfScope,
  insertQueuedRun,
  markRunCancelling,
  markRunSettled,
  markRunStarted,
  nextRunNumber,
  setRunCause,
  setRunChanges,
  setRunHold,
  setRunProcess,
  type RunRow,
  type Settlement,
} from '../store/runTable.ts';
import { recordSessionRun } from '../store/sessionTable.ts';
import { countSkip } from '../store/skipTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import { recordUsage, type EndedRun } from '../store/usageTable.ts';
import {
  addressWakeups,
  claimWakeups,
  endWakeupsOfRun,
  findWakeupByKey,
  idempotencyMs,
  insertWakeup,
  listWaitingWakeups,
  nextWakeupNumber,
  returnWakeups,
  type Wakeup,
} from '../store/wakeupTable.ts';
import { isBare, isRepetition, isStronger, queuePriority, taskKeyOf, type WakeRequest } from './inbox.ts';
import { NamedHeartbeats } from './namedHeartbeats.ts';
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

  constructor(options: { readonly state: StateWriter; readonly clock: Clock; readonly audit: Audit }) {
    this.#state = options.state;
    this.#audit = options.audit;
    this.#named = new NamedHeartbeats(options.audit);
    this.#clock = options.clock;
    const ulid = monotonicFactory();
    this.#nextId = () => ulid(this.#clock.now());
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
    if (earlier) {
      const { id, status, runId } = earlier;
      return { wakeupId: id, status, refusal: 'duplicate', runId, isAfterRunning: false };
    }
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
      const wakeups = listWaitingWakeups(transaction, run.agent, run.taskKey);
      const cursor = wakeups.at(-1)?.number ?? 0;
      const at = this.#clock.now();
      markRunStarted(transaction, runId, { at, cursor, ...where });
      claimWakeups(transaction, { agent: run.agent, taskKey: run.taskKey, cursor, runId });
      const issueStatus = this.#advanceIssue(transaction, run.issueId, 'todo', 'in_progress');
      this.#recordRun(transaction, run, 'run.claimed', {
        details: { source: run.source, definition: agent.fingerprint, wakeups: wakeups.length, ...issueStatus },
      });
      this.#named.noteClaimed(transaction, run, wakeups);
      transaction.touchRun(runId);
      transaction.touchAgent(run.agent);
      const claimed = findRun(transaction, runId) ?? run;
      return { run: claimed, agent, wakeups };
    });
  }

  /** Notes which process a run became, so that a crash of the runtime does not lose track of it. */
  noteProcess(runId: string, identity: ProcessIdentity): void {
    this.#state.commit((transaction) => {
      setRunProcess(transaction, runId, identity);
    });
  }

  /** Notes what a run changed, before it settles. */
  noteChanges(runId: string, changes: RunChanges): void {
    this.#state.commit((transaction) => {
      setRunChanges(transaction, runId, changes);
      transaction.touchRun(runId);
    });
  }

  /**
   * Settles a run once; a settled run is left alone. Everything that arrived while it ran makes one follow-up run.
   * @param isDelivered false when its prompt never reached the agent and should reach the next run
   */
  settle(runId: string, settlement: Settlement, isDelivered = true): void {
    this.#state.commit((transaction) => {
      this.#settle(transaction, runId, settlement, isDelivered);
    });
  }

  /**
   * Settles a run that had not started as cancelled, with the wakeups that it would have delivered.
   * @param by who asked for it; null if it may not start any more
   */
  discard(runId: string, message: string, by: Actor | null = null): void {
    this.#state.commit((transaction) => {
      if (by !== null) this.#askForEnd(transaction, runId, by);
      this.#settle(transaction, runId, { ...discarded, finishedAt: this.#clock.now(), message }, true);
    });
  }

  /** Settles a queued run that may not start any more; a scheduled heartbeat that comes to nothing that late is counted too. */
  refuseQueued({ id, agent, source }: RunRow, reason: RefusalReason, message: string): void {
    this.#state.commit((transaction) => {
      if (source === 'timer') this.#countSkip(transaction, agent, reason);
      this.#settle(transaction, id, { ...discarded, finishedAt: this.#clock.now(), message }, true);
    });
  }

  markCancelling(runId: string, by: Actor): void {
    this.#state.commit((transaction) => {
      this.#askForEnd(transaction, runId, by);
      markRunCancelling(transaction, runId);
      transaction.touchRun(runId);
    });
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

  #settle(transaction: StateTransaction, runId: string, settlement: Settlement, isDelivered: boolean): void {
    const run = findRun(transaction, runId);
    if (!run || (run.status !== 'queued' && run.status !== 'running')) return;
    markRunSettled(transaction, runId, settlement);
    if (isDelivered) this.#endWakeups(transaction, runId, settlement);
    else returnWakeups(transaction, runId);
    if (isDelivered && run.status === 'running') recordUsage(transaction, toUsage(run, settlement));
    const issueStatus = run.status === 'running' ? this.#recordEnd(transaction, run, settlement) : {};
    this.#recordRun(transaction, run, 'run.settled', {
      result: settlement.status,
      details: { ...toDetails(run, settlement), ...(isDelivered ? {} : { isDelivered }), ...issueStatus },
    });
    if (settlement.errorCode === 'cancelled_by_user') {
      withdrawQuestions(transaction, { agent: run.agent, runId }, { at: settlement.finishedAt, audit: this.#audit });
    }
    if (isDelivered) this.#named.noteSettled(transaction, run, settlement);
    this.#queueFollowUp(transaction, run);
    transaction.touchRun(runId);
    transaction.touchAgent(run.agent);
  }

  /** Who asks twice asks once. */
  #askForEnd(transaction: StateTransaction, runId: string, actor: Actor): void {
    const run = findRun(transaction, runId);
    if (!run || run.finishedAt !== null || run.isCancelling) return;
    this.#recordRun(transaction, run, 'run.cancelAsked', { actor, details: { wasRunning: run.status === 'running' } });
  }

  #recordRun(
    transaction: StateTransaction,
    run: RunRow,
    action: 'run.claimed' | 'run.settled' | 'run.cancelAsked',
    what: { readonly actor?: Actor; readonly result?: string; readonly details: AuditDetails },
  ): void {
    const { id, agent, issueId } = run;
    const details = issueId === null ? what.details : { ...what.details, issueId };
    this.#audit.record(transaction, {
      actor: 'runtime',
      action,
      target: `run:${id}`,
      agent,
      runId: id,
      ...what,
      details,
    });
  }

  #mergeIntoQueued(transaction: StateTransaction, request: WakeRequest, run: RunRow): Admission {
    const wakeup = this.#insert(transaction, request, { taskKey: run.taskKey, status: 'queued', runId: run.id });
    if (isStronger(request.source, run.source)) {
      const { source, reason } = request;
      const priority = Math.min(run.priority, this.#priorityOf(transaction, request.issueId));
      setRunCause(transaction, run.id, { source, reason, priority });
      transaction.touchRun(run.id);
    }
    return { wakeupId: wakeup.id, status: 'queued', refusal: null, runId: run.id, isAfterRunning: false };
  }

  #queueNewRun(transaction: StateTransaction, request: WakeRequest, taskKey: string): Admission {
    const runId = this.#nextId();
    const wakeup = this.#insert(transaction, request, { taskKey, status: 'queued', runId });
    this.#insertRun(transaction, { ...request, taskKey }, runId);
    return { wakeupId: wakeup.id, status: 'queued', refusal: null, runId, isAfterRunning: false };
  }

  #insertRun(
    transaction: StateTransaction,
    cause: Pick<WakeRequest, 'agent' | 'source' | 'reason' | 'issueId'> & { readonly taskKey: string },
    runId: string,
  ): void {
    const { agent, taskKey, source, reason, issueId } = cause;
    insertQueuedRun(transaction, {
      id: runId,
      number: nextRunNumber(transaction),
      agent,
      taskKey,
      issueId,
      source,
      reason,
      priority: this.#priorityOf(transaction, issueId),
      queuedAt: this.#clock.now(),
    });
    transaction.touchRun(runId);
    transaction.touchAgent(agent);
  }

  #insert(
    transaction: StateTransaction,
    request: WakeRequest,
    placing: Pick<Wakeup, 'taskKey' | 'status' | 'runId'> & { readonly statusReason?: string },
  ): Wakeup {
    const at = this.#clock.now();
    const { agent, source, reason, text, issueId, idempotencyKey, author, cause = null } = request;
    const { taskKey, status, runId, statusReason = null } = placing;
    const endedAt = status === 'queued' ? null : at;
    const number = nextWakeupNumber(transaction);
    const asked = { agent, taskKey, source, reason, text, issueId, idempotencyKey, author, cause };
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

  #endWakeups(transaction: StateTransaction, runId: string, settlement: Settlement): void {
    const status =
      settlement.status === 'succeeded' ? 'completed' : settlement.status === 'cancelled' ? 'cancelled' : 'failed';
    endWakeupsOfRun(transaction, runId, { status, reason: settlement.errorCode, at: settlement.finishedAt });
  }

  #recordEnd(transaction: StateTransaction, run: RunRow, settlement: Settlement): { issueStatus?: IssueStatus } {
    const { id, agent, taskKey } = run;
    setLastRun(transaction, agent, { id, status: settlement.status, at: settlement.finishedAt });
    const adapter = findAgent(transaction, agent)?.definition.adapter;
    if (adapter) recordSessionRun(transaction, { agent, taskKey, adapter, at: settlement.finishedAt });
    const next = settlement.status === 'succeeded' ? 'in_review' : 'todo';
    return this.#advanceIssue(transaction, run.issueId, 'in_progress', next);
  }

  #queueFollowUp(transaction: StateTransaction, run: RunRow): void {
    const [first, ...others] = listWaitingWakeups(transaction, run.agent, run.taskKey);
    if (!first) return;
    const cause = others.reduce(
      (strongest, wakeup) => (isStronger(wakeup.source, strongest.source) ? wakeup : strongest),
      first,
    );
    const runId = this.#nextId();
    this.#insertRun(transaction, cause, runId);
    addressWakeups(transaction, run.agent, run.taskKey, runId);
  }

  /** Answers the new status, if it has become another one. */
  #advanceIssue(
    transaction: StateTransaction,
    issueId: string | null,
    from: 'todo' | 'in_progress',
    to: 'todo' | 'in_progress' | 'in_review',
  ): { issueStatus?: IssueStatus } {
    if (issueId === null || findIssue(transaction, issueId)?.status !== from) return {};
    setIssueStatus(transaction, issueId, to, this.#clock.now());
    transaction.touchIssue(issueId);
    return { issueStatus: to };
  }

  #priorityOf(transaction: StateTransaction, issueId: string | null): number {
    if (issueId === null) return queuePriority(null);
    const issue = findIssue(transaction, issueId);
    if (!issue) throw new UserError('not_found', 'That issue does not exist any more.');
    return queuePriority(issue.priority);
  }
}

/** The setting that makes heartbeats come to nothing for a reason; said once a day. */
function skippingSetting(reason: SkipReason, { quietHours }: HeartbeatPolicy): string | undefined {
  if (reason === 'quiet_hours') return `quietHours: ${String(quietHours)}`;
  return reason === 'nothing_to_do' ? 'skipWhenIdle: true' : undefined;
}

/** A run that was cancelled before it had started. */
const discarded = {
  status: 'cancelled',
  exitCode: null,
  signal: null,
  errorCode: 'cancelled_by_user',
  setback: null,
  stdoutExcerpt: '',
  stderrExcerpt: '',
  logBytes: 0,
} as const;

/** How a run ended, for the audit log; no output of the agent is in it. */
function toDetails(run: RunRow, settlement: Settlement): AuditDetails {
  const { errorCode, exitCode, signal, finishedAt, hasChanged = null } = settlement;
  const durationMs = run.startedAt === null ? null : Math.max(0, finishedAt - run.startedAt);
  return { errorCode, exitCode, signal, durationMs, ...(hasChanged !== null && { hasChanged }) };
}

/** What the roll-up counts of a run. How long one worked that was lost is not known: its row tells when the loss was found. */
function toUsage(run: RunRow, { status, errorCode, finishedAt, usage = null }: Settlement): EndedRun {
  const isFailed = status === 'failed' || status === 'timed_out';
  const startedAt = errorCode === 'process_lost' ? null : run.startedAt;
  const runMs = startedAt === null ? 0 : Math.max(0, finishedAt - startedAt);
  return { at: finishedAt, agent: run.agent, issueId: run.issueId, isFailed, runMs, usage };
}
