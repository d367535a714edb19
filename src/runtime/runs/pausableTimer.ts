import type { Clock } from '../clock.ts';
import type { Disposable } from '../lifecycle.ts';

const longestTimerMs = 2 ** 31 - 1;

/** A timer that can be held: what was left of its time when it was is left when it goes on. Fires at most once. */
export class PausableTimer implements Disposable {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #leftMs: number;
  #startedAt = 0;
  #timer: Disposable | null = null;

  /** Starts at once. @param delayMs at most 24.8 days count */
  constructor(clock: Clock, callback: () => void, delayMs: number) {
    this.#clock = clock;
    this.#callback = callback;
    this.#leftMs = Math.min(delayMs, longestTimerMs);
    this.resume();
  }

  /** Lets no more of its time pass; further calls do nothing. */
  pause(): void {
    if (this.#timer === null) return;
    this.dispose();
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.monotonic() - this.#startedAt));
  }

  /** Goes on; further calls do nothing. */
  resume(): void {
    if (this.#timer !== null) return;
    this.#startedAt = this.#clock.monotonic();
    this.#timer = this.#clock.setTimeout(this.#callback, this.#leftMs);
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = null;
  }
}
