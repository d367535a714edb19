import type { Notifications } from '../protocol.ts';
import type { Clock } from './clock.ts';
import type { Disposable } from './lifecycle.ts';

type Growth = Notifications['logGrew'];

/** Shortest time between two announcements about one run, in milliseconds. */
const intervalMs = 50;

interface Pace {
  readonly timer: Disposable;
  latest: Growth | null;
}

/**
 * Thins out the growth of run logs: the first is announced at once, then at most one per run and 50 ms, always with
 * the latest size; the last one, when the run settles, at once again.
 */
export class LogGrowth implements Disposable {
  readonly #clock: Clock;
  readonly #announce: (growth: Growth) => void;
  readonly #paces = new Map<string, Pace>();

  constructor(clock: Clock, announce: (growth: Growth) => void) {
    this.#clock = clock;
    this.#announce = announce;
  }

  add(growth: Growth): void {
    const pace = this.#paces.get(growth.runId);
    if (pace !== undefined && !growth.isSettled) {
      pace.latest = growth;
      return;
    }
    pace?.timer.dispose();
    this.#paces.delete(growth.runId);
    if (!growth.isSettled) this.#startPace(growth.runId);
    this.#announce(growth);
  }

  dispose(): void {
    for (const pace of this.#paces.values()) pace.timer.dispose();
    this.#paces.clear();
  }

  #startPace(runId: string): void {
    const timer = this.#clock.setTimeout(() => {
      const latest = this.#paces.get(runId)?.latest ?? null;
      this.#paces.delete(runId);
      if (latest !== null) this.add(latest);
    }, intervalMs);
    this.#paces.set(runId, { timer, latest: null });
  }
}
