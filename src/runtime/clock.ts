import { toDisposable, type Disposable } from './lifecycle.ts';

/** The only source of time and timers of the runtime, so that tests can drive both by hand. */
export interface Clock {
  /** Wall clock, epoch milliseconds UTC; may jump either way. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`; disposing the result before that cancels it. */
  setTimeout(callback: () => void, delayMs: number): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return toDisposable(() => {
      clearTimeout(timer);
    });
  },
};
