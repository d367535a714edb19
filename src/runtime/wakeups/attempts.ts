import type { RunRow, Settlement } from '../store/runTable.ts';

/** An attempt that has ended, with what decides whether there is another one. */
export interface EndedAttempt {
  readonly run: Pick<RunRow, 'attempt' | 'isCancelling'>;
  readonly settlement: Pick<Settlement, 'status' | 'errorCode' | 'setback' | 'finishedAt'>;
  /** Of the agent's definition. */
  readonly retries: number;
  readonly isResumable: boolean;
  /** Attempts of the chain before this one that were lost, and that found a limit exhausted. */
  readonly lostBefore: number;
  readonly limitedBefore: number;
  /** Epoch ms until which the limit is parked that this one found exhausted; null if it found none. */
  readonly limitedUntil: number | null;
  /** Chance, from 0 up to 1. */
  readonly random: number;
}

export interface NextAttempt {
  readonly attempt: number;
  /** Epoch ms; null: at once. */
  readonly notBefore: number | null;
}

const firstBackoffMs = 30_000;
const longestBackoffMs = 15 * 60_000;
/** How far chance moves a backoff, either way, so that what failed together is not tried again together. */
const jitterShare = 0.2;
/** How often one chain is queued again for an exhausted limit. */
const mostLimited = 20;
/** A clock that shows this much less than when a delay began was set back: the delay means nothing any more. */
const clockToleranceMs = 60_000;

/** The attempt that follows one that has ended, if there is one. What was cancelled is not tried again. */
export function decideNextAttempt(ended: EndedAttempt): NextAttempt | null {
  const { run, settlement, retries } = ended;
  if (settlement.status === 'succeeded' || settlement.status === 'cancelled' || run.isCancelling) return null;
  if (settlement.setback?.kind === 'rate_limit') {
    return ended.limitedBefore < mostLimited ? { attempt: run.attempt, notBefore: ended.limitedUntil } : null;
  }
  if (run.attempt > retries) return null;
  const attempt = run.attempt + 1;
  if (settlement.errorCode === 'process_lost') {
    return ended.isResumable && ended.lostBefore === 0 ? { attempt, notBefore: null } : null;
  }
  if (settlement.setback?.kind !== 'transient') return null;
  return { attempt, notBefore: settlement.finishedAt + backoffMs(run.attempt, ended.random) };
}

/** Milliseconds from the end of an attempt (counted from 1) to the next: 30 s, doubled each time, ± 20 %, at most 15 minutes. */
export function backoffMs(attempt: number, random: number): number {
  const jitter = 1 + jitterShare * (2 * random - 1);
  return Math.round(Math.min(firstBackoffMs * 2 ** (attempt - 1) * jitter, longestBackoffMs));
}

/** Whether a queued run has to wait for its time (both epoch ms); not if the clock was set back behind its beginning. */
export function isDelayed({ notBefore, queuedAt }: Pick<RunRow, 'notBefore' | 'queuedAt'>, now: number): boolean {
  return notBefore !== null && isWithin({ since: queuedAt, until: notBefore }, now);
}

/** Whether a wait goes on, by a clock that may have been set back before it began. All in epoch ms. */
export function isWithin({ since, until }: { readonly since: number; readonly until: number }, now: number): boolean {
  return now < until && now >= since - clockToleranceMs;
}
