import type { Change, ChangeBatch } from '../protocol.ts';

/**
 * Numbers what changed and hands it on in order, each batch once the state that it tells of is durable.
 * Values are taken when the change is committed; `ready` is the promise that the disk has it.
 */
export class ChangeFeed {
  readonly #publish: (batch: ChangeBatch) => void;
  readonly #onError: (error: unknown) => void;
  #sequence = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: { readonly publish: (batch: ChangeBatch) => void; readonly onError: (error: unknown) => void }) {
    this.#publish = options.publish;
    this.#onError = options.onError;
  }

  /** The number of the last batch that was handed out. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Resolves when everything added so far was handed out (or could not become durable). */
  whenPublished(): Promise<void> {
    return this.#tail;
  }

  add(changes: readonly Change[], ready: Promise<void>): void {
    if (changes.length === 0) return;
    this.#tail = Promise.all([this.#tail, ready]).then(
      () => {
        const previous = this.#sequence;
        this.#sequence += 1;
        this.#publish({ sequence: this.#sequence, previous, changes: [...changes] });
      },
      // Without durability nothing is told to anybody; the store's failure ends the runtime.
      (error: unknown) => {
        this.#onError(error);
      },
    );
  }
}
