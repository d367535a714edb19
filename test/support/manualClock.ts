import type { Clock } from '../../src/runtime/clock.ts';
import { toDisposable, type Disposable } from '../../src/runtime/lifecycle.ts';

/** Node fires a timer with a longer delay than this (24.8 days) after 1 ms; so does this clock. */
const longestDelayMs = 2 ** 31 - 1;

interface ManualTimer {
  readonly dueAt: number;
  readonly delayMs: number;
  readonly callback: () => void;
}

interface TimerWaiter {
  readonly accepts: (delayMs: number) => boolean;
  readonly resolve: () => void;
}

/** A clock that stands still until the test moves it. Timers follow the monotonic time, as Node's do. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<ManualTimer>();
  readonly #waiters = new Set<TimerWaiter>();

  /** @param startAt Wall clock at the beginning, epoch ms. */
  constructor(startAt: number = Date.UTC(2026, 0, 1)) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimeout(callback: () => void, delayMs: number): Disposable {
    const effectiveMs = delayMs >= 1 && delayMs <= longestDelayMs ? Math.floor(delayMs) : 1;
    const timer = { dueAt: this.#monotonic + effectiveMs, delayMs, callback };
    this.#timers.add(timer);
    for (const waiter of [...this.#waiters]) {
      if (waiter.accepts(delayMs) && this.#waiters.delete(waiter)) waiter.resolve();
    }
    return toDisposable(() => void this.#timers.delete(timer));
  }

  /** Timers that are waiting; 0 at the end of a test says that nothing was leaked. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** The delays, in milliseconds, that the waiting timers were set with. */
  get pendingDelays(): readonly number[] {
    return [...this.#timers].map((timer) => timer.delayMs);
  }

  /**
   * Lets `ms` pass on both clocks and fires what falls due, in due order (equal times in the order they were set),
   * each at its own moment; timers set meanwhile take part.
   */
  tick(ms: number): void {
    const endAt = this.#monotonic + ms;
    for (let next = this.#nextTimer(endAt); next !== undefined; next = this.#nextTimer(endAt)) {
      this.#timers.delete(next);
      this.#advanceTo(next.dueAt);
      next.callback();
    }
    this.#advanceTo(endAt);
  }

  /** Moves the wall clock alone, forward or back, as a sleep of the machine or a person setting the time does. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Resolves when a timer whose delay `accepts` likes is waiting, or at once if one is. */
  whenTimerSet(accepts: (delayMs: number) => boolean = () => true): Promise<void> {
    return this.pendingDelays.some(accepts) ? Promise.resolve() : this.whenNextTimerSet(accepts);
  }

  /** Resolves when a timer whose delay `accepts` likes is set from now on. */
  whenNextTimerSet(accepts: (delayMs: number) => boolean = () => true): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.add({ accepts, resolve });
    });
  }

  #nextTimer(endAt: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= endAt && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }

  #advanceTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
