import type { HeartbeatPolicy } from '../model.ts';
import { CronSchedule } from './cronSchedule.ts';

/** The part of a heartbeat policy that says when. */
export type Schedule = Pick<HeartbeatPolicy, 'enabled' | 'intervalSec' | 'cron' | 'timezone' | 'catchUp'>;

/** Times are epoch ms. */
export interface DueOptions {
  /** Intervals count from here, in both directions; cron expressions have no use for it. */
  readonly anchorAt: number;
  /** The answer is later than this. */
  readonly after: number;
  /** Added to every nominal time. */
  readonly jitterMs: number;
}

/** Sample of due times from which the period of a cron expression is taken. */
const periodSampleStart = Date.UTC(2026, 0, 1);
const periodSampleSize = 4;

/** The first time later than `after` at which the schedule falls due; null if it never does again. */
export function nextDueAt(schedule: Schedule, { anchorAt, after, jitterMs }: DueOptions): number | null {
  if (!schedule.enabled) return null;
  if (schedule.cron !== null) {
    const nominal = new CronSchedule(schedule.cron, schedule.timezone).nextAt(after - jitterMs);
    return nominal === null ? null : nominal + jitterMs;
  }
  if (schedule.intervalSec === 0) return null;
  const intervalMs = schedule.intervalSec * 1000;
  const first = anchorAt + jitterMs;
  return first + (Math.floor((after - first) / intervalMs) + 1) * intervalMs;
}

/** The time between two heartbeats, of a cron expression about the shortest one; milliseconds, 0 without a schedule. */
export function periodMs(schedule: Schedule): number {
  if (schedule.cron === null) return schedule.intervalSec * 1000;
  const cron = new CronSchedule(schedule.cron, schedule.timezone);
  let shortest = Number.POSITIVE_INFINITY;
  let previous = cron.nextAt(periodSampleStart);
  for (let count = 1; count < periodSampleSize && previous !== null; count++) {
    const next = cron.nextAt(previous);
    if (next !== null) shortest = Math.min(shortest, next - previous);
    previous = next;
  }
  return shortest;
}

/** Whether two policies fall due at the same times. */
export function isSameSchedule(a: Schedule, b: Schedule): boolean {
  return a.enabled === b.enabled && a.intervalSec === b.intervalSec && a.cron === b.cron && a.timezone === b.timezone;
}
