import type { Clock } from '../clock.ts';

/** The value of a promise that does not reject; undefined once `limitMs` passed. */
export function within<T>(clock: Clock, limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => {
      resolve(undefined);
    }, limitMs);
    void promise.then((value) => {
      timer.dispose();
      resolve(value);
    });
  });
}
