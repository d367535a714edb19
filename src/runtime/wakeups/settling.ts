import { isDeepStrictEqual } from 'node:util';
import type { Audit, AuditDetails } from '../governance/audit.ts';
import { findAgent, setLastRun, type AgentRow } from '../store/agentTable.ts';
import { findIssue } from '../store/issueTable.ts';
import {
  countAttempts,
  findRun,
  markRunSettled,
  setRunChanges,
  type RunRow,
  type Settlement,
} from '../store/runTable.ts';
import { costOfRun } from '../store/runCost.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import { findStreak, putStreak } from '../store/streakTable.ts';
import { settleSession } from './sessionEnds.ts';
import { recordUsage } from '../store/usageTable.ts';
import {
  addressWakeups,
  endWaitingWakeups,
  endWakeupsOfRun,
  listWaitingWakeups,
  listWakeupsOfRun,
  returnWakeups,
  type Wakeup,
} from '../store/wakeupTable.ts';
import { tripAgent } from './agentStates.ts';
import { decideNextAttempt, type NextAttempt } from './attempts.ts';
import { isUrgent, judgeFollowUps } from './followUps.ts';
import { isStronger } from './inbox.ts';
import { countRun, findTrip } from './loopBreaker.ts';
import type { NamedHeartbeats } from './namedHeartbeats.ts';
import { advanceIssue, queueRun, strongestOf } from './queuedRuns.ts';
import { RateLimits } from './rateLimits.ts';
import { recordRun, toDetails, toUsage } from './runRecord.ts';
import { withdrawQuestions } from './withdrawQuestions.ts';

export interface SettlingOptions {
  readonly audit: Audit;
  readonly named: NamedHeartbeats;
  readonly newId: () => string;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** A run that ends, and what is known of its end. */
interface Ending {
  readonly run: RunRow;
  /** Undefined once it was deleted. */
  readonly agent: AgentRow | undefined;
  readonly settlement: Settlement;
  /** False when its prompt never reached the agent. */
  readonly isDelivered: boolean;
  readonly wasRunning: boolean;
}

/** An attempt that is about to be queued. */
interface Retry extends NextAttempt {
  readonly runId: string;
}

/**
 * The end of a run, always as part of one transaction: its row and its wakeups, its issue and session, what its provider and the
 * loop breaker make of it, and what is queued because of it:
 *
 * another attempt, with the wakes that it had claimed and those that came meanwhile;
 * else a follow-up for those that came meanwhile, or that were never delivered; when a person cancelled it, only if a person
 * wrote one of them, and then only after a word of confirmation.
 */
export class Settling {
  readonly #options: SettlingOptions;
  readonly #limits: RateLimits;

  constructor(options: SettlingOptions) {
    this.#options = options;
    this.#limits = new RateLimits(options.audit);
  }

  /** Settles a run that is queued or running; a settled one is left alone. */
  settle(transaction: StateTransaction, runId: string, given: Settlement, isDelivered: boolean): void {
    const run = findRun(transaction, runId);
    if (!run || (run.status !== 'queued' && run.status !== 'running')) return;
    const agent = findAgent(transaction, run.agent);
    const wasRunning = run.status === 'running';
    const limitedUntil = wasRunning && agent ? this.#limits.noteSettled(transaction, run, agent, given) : null;
    const ending = { run, agent, settlement: given, isDelivered, wasRunning };
    const retry = this.#findRetry(transaction, ending, limitedUntil);
    const settlement = { ...given, message: toMessage(ending, retry) };
    markRunSettled(transaction, runId, settlement);
    if (settlement.changes) setRunChanges(transaction, runId, settlement.changes);
    this.#record(transaction, { ...ending, settlement }, retry);
    this.#queueNext(transaction, ending, retry);
    transaction.touchRun(runId);
    transaction.touchAgent(run.agent);
  }

  #findRetry(transaction: StateTransaction, ending: Ending, limitedUntil: number | null): Retry | null {
    const { run, agent, settlement, isDelivered, wasRunning } = ending;
    if (!wasRunning || !isDelivered || !agent || agent.state === 'terminated') return null;
    // Most runs end well: nothing is looked up for them.
    if (settlement.setback === null && settlement.errorCode !== 'process_lost') return null;
    const chainId = run.chainId ?? run.id;
    const { retries, resumable: isResumable } = agent.definition;
    const next = decideNextAttempt({
      run,
      settlement,
      retries,
      isResumable,
      lostBefore: countAttempts(transaction, chainId, 'process_lost'),
      limitedBefore: countAttempts(transaction, chainId, 'rate_limited'),
      limitedUntil,
      random: this.#options.random(),
    });
    return next && { ...next, runId: this.#options.newId() };
  }

  #record(transaction: StateTransaction, ending: Ending, retry: Retry | null): void {
    const { run, settlement, isDelivered, wasRunning } = ending;
    const { audit, named } = this.#options;
    if (isDelivered && wasRunning) recordUsage(transaction, toUsage(run, settlement));
    if (isDelivered && wasRunning && retry === null) this.#breakLoop(transaction, ending);
    const followed = this.#recordEnd(transaction, ending, retry);
    if (isDelivered && retry === null) endWakeups(transaction, run.id, settlement);
    recordRun(audit, transaction, run, {
      action: 'run.settled',
      result: settlement.status,
      costMicros: costOfRun(settlement.usage ?? null)?.costMicros ?? null,
      details: {
        ...toDetails(run, settlement),
        ...(isDelivered ? {} : { isDelivered }),
        ...(retry && { retry: retry.runId }),
        ...followed,
      },
    });
    if (settlement.errorCode === 'cancelled_by_user') {
      withdrawQuestions(transaction, { agent: run.agent, runId: run.id }, { at: settlement.finishedAt, audit });
    }
    if (isDelivered && retry === null) named.noteSettled(transaction, run, settlement);
  }

  /** What the agent, its session and its issue have of the run. An issue is worked on until the last attempt has ended. */
  #recordEnd(
    transaction: StateTransaction,
    { run, agent, settlement, isDelivered, wasRunning }: Ending,
    retry: Retry | null,
  ): AuditDetails {
    const { id, chainId } = run;
    const at = settlement.finishedAt;
    if (!wasRunning) return chainId === null ? {} : advanceIssue(transaction, run, { ...release, at });
    setLastRun(transaction, run.agent, { id, status: settlement.status, at });
    const adapter = run.adapter ?? agent?.definition.adapter;
    const session = adapter === undefined ? {} : settleSession(transaction, { run, adapter, settlement, isDelivered });
    if (retry !== null) return session;
    const to = settlement.status === 'succeeded' ? 'in_review' : 'todo';
    return { ...session, ...advanceIssue(transaction, run, { from: 'in_progress', to, at }) };
  }

  #breakLoop(transaction: StateTransaction, { run, agent, settlement }: Ending): void {
    if (agent?.state !== 'active') return;
    const issue = run.issueId === null ? undefined : findIssue(transaction, run.issueId);
    const before = {
      agent: findStreak(transaction, run.agent, ''),
      scope: findStreak(transaction, run.agent, run.taskKey),
    };
    const streaks = countRun(before, {
      settlement,
      changes: settlement.changes ?? null,
      hasIssue: issue !== undefined,
      isIssueTouched: issue !== undefined && issue.updatedAt > (run.startedAt ?? 0),
      hasMessage: listWakeupsOfRun(transaction, run.id).some(({ author, text }) => author === 'user' && text !== null),
    });
    if (!isDeepStrictEqual(streaks.agent, before.agent)) putStreak(transaction, run.agent, '', streaks.agent);
    if (!isDeepStrictEqual(streaks.scope, before.scope)) putStreak(transaction, run.agent, run.taskKey, streaks.scope);
    const trip = findTrip(agent.definition.loopBreaker, streaks);
    if (trip) tripAgent(transaction, this.#options.audit, { agent: run.agent, runId: run.id, trip });
  }

  #queueNext(transaction: StateTransaction, ending: Ending, retry: Retry | null): void {
    const { run, agent, settlement } = ending;
    const arrived = listWaitingWakeups(transaction, run.agent, run.taskKey);
    if (retry) {
      returnWakeups(transaction, run.id);
      this.#queueRetry(transaction, ending, { retry, arrived });
      return;
    }
    if (!ending.isDelivered) returnWakeups(transaction, run.id);
    if (agent?.state === 'terminated') {
      endWaitingWakeups(transaction, run, { status: 'refused', reason: 'terminated', at: settlement.finishedAt });
      return;
    }
    const isCancelled = ending.wasRunning && settlement.errorCode === 'cancelled_by_user';
    const followUps = judgeFollowUps(arrived);
    if (isCancelled && followUps.kind === 'discarded') {
      const at = settlement.finishedAt;
      endWaitingWakeups(transaction, run, { status: 'cancelled', reason: 'cancelled_by_user', at });
      return;
    }
    this.#queueFollowUp(transaction, ending, isCancelled && followUps.kind === 'confirm');
  }

  #queueRetry(
    transaction: StateTransaction,
    { run, settlement }: Ending,
    { retry, arrived }: { readonly retry: Retry; readonly arrived: readonly Wakeup[] },
  ): void {
    const { runId: id, attempt } = retry;
    const { agent, taskKey, issueId, priority } = run;
    const [first, ...others] = arrived;
    const strongest = first && strongestOf([first, ...others]);
    const { source, reason } = strongest && isStronger(strongest.source, run.source) ? strongest : run;
    const notBefore = arrived.some(isUrgent) ? null : retry.notBefore;
    const heldFor = settlement.setback?.kind === 'rate_limit' ? 'rate_limit' : notBefore === null ? null : 'retry';
    const chain = { chainId: run.chainId ?? run.id, attempt, notBefore };
    const queuedAt = settlement.finishedAt;
    queueRun(transaction, { id, agent, taskKey, issueId, source, reason, priority, queuedAt, ...chain, heldFor });
    addressWakeups(transaction, agent, taskKey, id);
  }

  /** One run for all that waits. An attempt that never started is no other attempt. */
  #queueFollowUp(
    transaction: StateTransaction,
    { run, settlement, isDelivered }: Ending,
    needsConfirmation: boolean,
  ): void {
    const [first, ...others] = listWaitingWakeups(transaction, run.agent, run.taskKey);
    if (!first) return;
    const { agent, taskKey, source, reason, issueId } = strongestOf([first, ...others]);
    const { chainId, attempt, isForced } = run;
    const id = this.#options.newId();
    queueRun(transaction, {
      ...{ id, agent, taskKey, source, reason, issueId, queuedAt: settlement.finishedAt, needsConfirmation },
      ...(isDelivered ? {} : { chainId, attempt, isForced }),
      heldFor: needsConfirmation ? 'confirmation' : null,
    });
    addressWakeups(transaction, run.agent, run.taskKey, id);
  }
}

const release = { from: 'in_progress', to: 'todo' } as const;

function endWakeups(transaction: StateTransaction, runId: string, { status, errorCode, finishedAt }: Settlement): void {
  const end = status === 'succeeded' ? 'completed' : status === 'cancelled' ? 'cancelled' : 'failed';
  endWakeupsOfRun(transaction, runId, { status: end, reason: errorCode, at: finishedAt });
}

/** What happened, and what follows or is to be done. */
function toMessage({ run, agent, settlement, isDelivered }: Ending, retry: Retry | null): string | null {
  const { message, setback, errorCode } = settlement;
  if (message === null || !isDelivered) return message;
  if (retry) {
    if (retry.attempt === run.attempt) return `${message} It is tried again when the limit is over.`;
    const of = String((agent?.definition.retries ?? 0) + 1);
    return `${message} It is tried again by itself, as attempt ${String(retry.attempt)} of ${of}.`;
  }
  if (errorCode === 'process_lost' || setback !== null) return `${message} To run it again, wake ${run.agent}.`;
  return message;
}
