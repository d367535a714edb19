import type { Disposable } from '../../runtime/lifecycle.ts';

/** Calls a function at once, then at most once per interval however often it is asked for; the last ask is never lost. */
export class Coalescer implements Disposable {
  readonly #action: () => void;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isAsked = false;
  #isDisposed = false;

  constructor(action: () => void, intervalMs: number) {
    this.#action = action;
    this.#intervalMs = intervalMs;
  }

  ask(): void {
    if (this.#isDisposed) return;
    if (this.#timer !== undefined) {
      this.#isAsked = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isAsked) return;
      this.#isAsked = false;
      this.ask();
    }, this.#intervalMs);
    this.#action();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }
}
