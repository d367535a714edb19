/** Notes the longest time for which this process's event loop stood still. Keeps the loop turning while it watches. */
export class LoopWatch {
  #longest = 0;
  #last = performance.now();
  #isWatching = true;

  constructor() {
    setImmediate(this.#tick);
  }

  /** Ends the watch; answers milliseconds. */
  stop(): number {
    this.#note();
    this.#isWatching = false;
    return this.#longest;
  }

  readonly #tick = (): void => {
    if (!this.#isWatching) return;
    this.#note();
    setImmediate(this.#tick);
  };

  #note(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }
}
