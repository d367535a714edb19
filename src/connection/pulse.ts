import type { Clock } from '../runtime/clock.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { RuntimeClient } from './client.ts';

/** Between an answer and the next question, in milliseconds. */
const askAfterMs = 5000;
/** How long an answer may take, in milliseconds. */
const answerWithinMs = 5000;

/**
 * Asks a runtime from time to time whether it still answers, and closes the connection if not: the socket of a process that
 * was stopped or hangs stays open for ever. Any answer counts, a refusal too. Dispose it with the connection.
 */
export function watchPulse(client: RuntimeClient, clock: Clock): Disposable {
  let isDisposed = false;
  let timer = clock.setTimeout(ask, askAfterMs);

  function ask(): void {
    let isAnswered = false;
    const note = (): void => {
      isAnswered = true;
      timer.dispose();
      if (!isDisposed) timer = clock.setTimeout(ask, askAfterMs);
    };
    timer = clock.setTimeout(() => {
      // When this process itself was held up, the answer has come and is read before the immediate.
      setImmediate(() => {
        if (!isAnswered) client.dispose();
      });
    }, answerWithinMs);
    client.request('runtime.status', {}).then(note, note);
  }

  return {
    dispose: () => {
      isDisposed = true;
      timer.dispose();
    },
  };
}
