import type { LogRemoval, RetentionLimits } from '../model.ts';
import type { LogFacts, RunFacts, WakeupFacts } from '../store/retentionTable.ts';
import { idempotencyMs } from '../store/wakeupTable.ts';
import { bytesPerMegabyte } from './limits.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** What is out of bounds may go: what ended before a time, or has a number below one. */
export interface Bounds {
  /** Epoch ms; -Infinity without a limit of age. */
  readonly endedBefore: number;
  /** 0 without a limit of count, or while there are not that many. */
  readonly belowNumber: number;
}

/** What of the logs may go: those of runs that ended before a time, then the oldest until so many bytes are gone. */
export interface LogBounds {
  readonly endedBefore: number;
  readonly excessBytes: number;
}

/** The time before which what ended is too old; -Infinity for 0 days, which is no limit. */
export function oldestEnd(days: number, now: number): number {
  return days === 0 ? Number.NEGATIVE_INFINITY : now - days * dayMs;
}

/** The ids of runs that may go: settled, out of bounds, shown nowhere as the last one, and awaited by nobody. */
export function spentRuns(runs: readonly RunFacts[], bounds: Bounds): string[] {
  return runs
    .filter(
      (run) =>
        run.finishedAt !== null &&
        isOut({ number: run.number, endedAt: run.finishedAt }, bounds) &&
        !run.isShown &&
        !run.hasWaiting,
    )
    .map(({ id }) => id);
}

/**
 * The ids of wakeups that may go: ended, out of bounds, and not of a run that is shown as the last one. One with a key stays as
 * long as a repetition of its request may come, or the request would be served twice.
 */
export function spentWakeups(wakeups: readonly WakeupFacts[], bounds: Bounds, now: number): string[] {
  return wakeups
    .filter(
      (wakeup) =>
        wakeup.endedAt !== null &&
        isOut({ number: wakeup.number, endedAt: wakeup.endedAt }, bounds) &&
        !wakeup.isShown &&
        !(wakeup.hasKey && now - wakeup.requestedAt <= idempotencyMs),
    )
    .map(({ id }) => id);
}

/** Which logs may go, given the kept ones from the oldest on, and how many bytes that frees. */
export function spentLogs(
  logs: readonly LogFacts[],
  { endedBefore, excessBytes }: LogBounds,
): { readonly byAge: string[]; readonly bySize: string[]; readonly freedBytes: number } {
  const byAge: string[] = [];
  const bySize: string[] = [];
  let freedBytes = 0;
  for (const { id, finishedAt, bytes } of logs) {
    if (finishedAt < endedBefore) byAge.push(id);
    else if (freedBytes < excessBytes && bytes > 0) bySize.push(id);
    else continue;
    freedBytes += bytes;
  }
  return { byAge, bySize, freedBytes };
}

/** How many bytes the kept logs are over their limit. */
export function excessOf(bytes: number, { logMegabytes }: RetentionLimits): number {
  return logMegabytes === 0 ? 0 : Math.max(0, bytes - logMegabytes * bytesPerMegabyte);
}

export function removalBy(reason: LogRemoval['reason'], limits: RetentionLimits): LogRemoval {
  return { reason, limit: reason === 'age' ? limits.logDays : limits.logMegabytes };
}

/**
 * True if no row after these can be out of bounds: rows come in the order in which they were made, and nothing ends before it
 * was made. A whole slice is asked, so that one row from a time when the clock was ahead hides nothing.
 */
export function isBeyond(
  rows: readonly { readonly number: number; readonly madeAt: number }[],
  bounds: Bounds,
): boolean {
  return rows.every(({ number, madeAt }) => number >= bounds.belowNumber && madeAt >= bounds.endedBefore);
}

function isOut({ number, endedAt }: { readonly number: number; readonly endedAt: number }, bounds: Bounds): boolean {
  return number < bounds.belowNumber || endedAt < bounds.endedBefore;
}
