import { CronSchedule } from './cronSchedule.ts';
import { nextDueAt, type Schedule } from './due.ts';

/** One run that stands for all the heartbeats that were missed. */
export interface CatchUp {
  /** The latest of the missed times, epoch ms. */
  readonly plannedAt: number;
  /** How many were missed, counted up to 100. */
  readonly missed: number;
}

interface MissedOptions {
  /** The first time that was missed, epoch ms. */
  readonly plannedAt: number;
  readonly now: number;
  readonly jitterMs: number;
}

/** What was missed by longer than this is not caught up with. */
const longestDelayMs = 24 * 60 * 60 * 1000;
/** Counting further tells nobody more, and costs time for each of thousands of agents after a long sleep. */
const mostCounted = 100;

/** What to do about heartbeats that were missed: nothing, or one for all if the schedule asks for it and the latest was less than a day ago. */
export function decideCatchUp(schedule: Schedule, { plannedAt, now, jitterMs }: MissedOptions): CatchUp | null {
  if (!schedule.enabled || schedule.catchUp === 'skip') return null;
  const last = lastDueAt(schedule, { plannedAt, now, jitterMs });
  if (last === null || last < plannedAt || now - last >= longestDelayMs) return null;
  return { plannedAt: last, missed: 1 + countDue(schedule, { plannedAt, now: last, jitterMs }) };
}

/** The last due time not after `now`, null if there was none. `plannedAt` is one, of an interval. */
function lastDueAt(schedule: Schedule, { plannedAt, now, jitterMs }: MissedOptions): number | null {
  if (schedule.cron !== null) {
    const nominal = new CronSchedule(schedule.cron, schedule.timezone).lastAt(now - jitterMs);
    return nominal === null ? null : nominal + jitterMs;
  }
  const intervalMs = schedule.intervalSec * 1000;
  return intervalMs === 0 ? null : plannedAt + Math.floor((now - plannedAt) / intervalMs) * intervalMs;
}

/** How many due times lie after `plannedAt` (itself one) and not after `now`; at most 99. */
export function countDue(schedule: Schedule, { plannedAt, now, jitterMs }: MissedOptions): number {
  const anchorAt = plannedAt - jitterMs;
  let count = 0;
  let next = nextDueAt(schedule, { anchorAt, after: plannedAt, jitterMs });
  while (next !== null && next <= now && count < mostCounted - 1) {
    count++;
    next = nextDueAt(schedule, { anchorAt, after: next, jitterMs });
  }
  return count;
}
