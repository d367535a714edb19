import type { Disposable } from './lifecycle.ts';

/** Subscribes a listener; the shape of VS Code's `Event`, so trees and `subscriptions` accept it. */
export type Event<T> = (listener: (event: T) => unknown, thisArg?: unknown, disposables?: Disposable[]) => Disposable;

/**
 * A list of listeners. A listener that throws is reported to `onError` and does not stop the others.
 * Fire only what is already true and stored.
 */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(event: T) => unknown>();
  readonly #onError: (error: unknown) => void;
  #disposed = false;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  readonly event: Event<T> = (listener, thisArg, disposables) => {
    const bound = (event: T): unknown => listener.call(thisArg, event);
    if (!this.#disposed) this.#listeners.add(bound);
    const subscription = { dispose: () => void this.#listeners.delete(bound) };
    disposables?.push(subscription);
    return subscription;
  };

  get listenerCount(): number {
    return this.#listeners.size;
  }

  fire(event: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#listeners.clear();
  }
}
