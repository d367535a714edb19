import type { Clock } from '../clock.ts';
import type { Disposable } from '../lifecycle.ts';

/** Longer timers see neither sleep nor a changed clock; see `Timers`. */
const longestTimerMs = 30_000;
/** A clock that goes back by more than this was set: what was planned by it is looked at again. */
const toleranceMs = 60_000;

/** One time of the clock on the wall at which to be called, whatever becomes of that clock. */
export class Alarm implements Disposable {
  readonly #clock: Clock;
  readonly #onDidRing: () => void;
  #at: number | null = null;
  #timer: Disposable | null = null;
  #isDisposed = false;

  constructor(options: { readonly clock: Clock; readonly onDidRing: () => void }) {
    this.#clock = options.clock;
    this.#onDidRing = options.onDidRing;
  }

  /** Replaces the time (epoch ms; null: none). One that has passed rings soon. */
  set(at: number | null): void {
    if (this.#isDisposed || (at === this.#at && (at === null || this.#timer !== null))) return;
    this.#at = at;
    this.#timer?.dispose();
    this.#timer = null;
    this.#arm();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
    this.#timer = null;
  }

  #arm(): void {
    if (this.#at === null) return;
    const setAt = this.#clock.now();
    const delayMs = Math.min(Math.max(this.#at - setAt, 0), longestTimerMs);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      this.#look(setAt);
    }, delayMs);
  }

  #look(setAt: number): void {
    const now = this.#clock.now();
    if (this.#at === null || (now < this.#at && now >= setAt - toleranceMs)) {
      this.#arm();
      return;
    }
    this.#at = null;
    this.#onDidRing();
  }
}
