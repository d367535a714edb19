import type { Clock } from '../clock.ts';
import type { Disposable } from '../lifecycle.ts';

/**
 * Says when a run has put nothing out for a while, and when it does again. Its timer is set anew only when it fires: output costs
 * a look at the clock.
 */
export class StallWatch implements Disposable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onDidChange: (isStalled: boolean) => void;
  #heardAt: number;
  #timer: Disposable | null = null;
  #isStalled = false;
  #isPaused = false;
  #isDisposed = false;

  /** @param limitMs of silence; 0 = never says anything */
  constructor(clock: Clock, limitMs: number, onDidChange: (isStalled: boolean) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onDidChange = onDidChange;
    this.#heardAt = clock.monotonic();
    this.#arm(limitMs);
  }

  /** There was output. */
  hear(): void {
    this.#heardAt = this.#clock.monotonic();
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#onDidChange(false);
    this.#arm(this.#limitMs);
  }

  /** Silence does not count. */
  pause(): void {
    this.#isPaused = true;
    this.#timer?.dispose();
    this.#timer = null;
  }

  /** Silence counts from now on. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#heardAt = this.#clock.monotonic();
    if (!this.#isStalled) this.#arm(this.#limitMs);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    if (this.#limitMs === 0 || this.#isPaused || this.#isDisposed) return;
    this.#timer?.dispose();
    this.#timer = this.#clock.setTimeout(() => {
      this.#look();
    }, delayMs);
  }

  #look(): void {
    this.#timer = null;
    const leftMs = this.#heardAt + this.#limitMs - this.#clock.monotonic();
    // A fraction of a millisecond is no time that a timer could wait for.
    if (leftMs >= 1) {
      this.#arm(leftMs);
      return;
    }
    this.#isStalled = true;
    this.#onDidChange(true);
  }
}
