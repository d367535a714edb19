import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** Looks until something that sends no event is so. */
export async function poll(isSo: () => boolean | Promise<boolean>, what: string, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    assert(performance.now() < deadline, `It did not happen within ${limitMs} ms: ${what}`);
    await delay(5);
  }
}
