/**
 * Lets many callers share one expensive reading. A reading answers everyone who asked before it began; who asks while
 * it goes on shares the next one, because it may already have passed what they want to see.
 */
export class SharedSweep<T> {
  readonly #read: () => Promise<T>;
  #current: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** The result of a reading that begins after this call. */
  read(): Promise<T> {
    if (this.#current === null) return this.#start();
    this.#next ??= this.#current.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<T> {
    this.#next = null;
    const reading = this.#read().finally(() => {
      if (this.#current === reading) this.#current = null;
    });
    this.#current = reading;
    return reading;
  }
}
