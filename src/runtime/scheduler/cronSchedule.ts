import { Cron } from 'croner';

/**
 * Due times of a five-field cron expression in a time zone (null = the host's). A fixed time that a change to summer time
 * skips falls due at the end of the gap; one that comes twice in autumn falls due the first time only. Patterns with
 * steps or wildcards follow the clock on the wall: they skip the gap and use both.
 */
export class CronSchedule {
  readonly #cron: Cron;

  /** Throws for an expression or a zone that the configuration would have refused. */
  constructor(expression: string, timezone: string | null) {
    this.#cron = new Cron(expression, { mode: '5-part', paused: true, ...(timezone === null ? {} : { timezone }) });
  }

  /** The first due time later than `after`; epoch ms, null if there is none any more. */
  nextAt(after: number): number | null {
    return this.#cron.nextRun(new Date(after))?.getTime() ?? null;
  }

  /** The last due time not later than `until`; epoch ms, null if there was none. */
  lastAt(until: number): number | null {
    // The library counts in whole seconds, and its bound is exclusive.
    const bound = (Math.floor(until / 1000) + 1) * 1000;
    return this.#cron.previousRuns(1, new Date(bound))[0]?.getTime() ?? null;
  }
}
