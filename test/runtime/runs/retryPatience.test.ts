import assert from 'node:assert/strict';
import type { AgentEvent } from '../../../src/runtime/adapters/events.ts';
import { decidePatience, RetryPatience } from '../../../src/runtime/runs/retryPatience.ts';
import { ManualClock } from '../../support/manualClock.ts';

const retrying = (part: { delayMs?: number | null; limit?: string } = {}) =>
  ({ kind: 'retrying', attempt: 1, of: 1, message: 'no answer', ...part }) as const;
const limited = retrying({ limit: 'requests' });

/** A patience, and what it ended with. */
function begin(limitMs = 0) {
  const clock = new ManualClock();
  const ends: AgentEvent[] = [];
  const patience = new RetryPatience(clock, limitMs, (event) => ends.push(event));
  return { clock, ends, patience };
}

describe('The patience with a program that tries again', () => {
  const cases: [what: string, event: ReturnType<typeof retrying>, leftMs: number, expected: number | null][] = [
    ['a fault has its time', retrying(), Infinity, null],
    ['a fault has its time, short as it is', retrying(), 5000, null],
    ['a fault that is soon over', retrying({ delayMs: 2000 }), Infinity, null],
    ['a fault that takes too long', retrying({ delayMs: 600_001 }), Infinity, 0],
    ['a fault beyond the time limit', retrying({ delayMs: 60_000 }), 60_000, 0],
    ['a limit of which nothing is said', limited, Infinity, 600_000],
    ['a limit of which nothing is said, near the time limit', limited, 60_000, 59_000],
    ['a limit when there is no time left', limited, 500, 0],
    ['a limit that is over in time', retrying({ limit: 'requests', delayMs: 30_000 }), 60_000, null],
    ['a limit that is not', retrying({ limit: 'requests', delayMs: 3_600_000 }), Infinity, 0],
  ];
  for (const [what, event, leftMs, expected] of cases) {
    it(what, () => {
      assert.equal(decidePatience(event, leftMs), expected);
    });
  }

  it('ends with the limit once it has waited for long enough, or at once with the time that it was told', () => {
    const { clock, ends, patience } = begin();
    patience.hear(limited);
    clock.tick(599_999);
    assert.deepEqual(ends, []);
    clock.tick(1);
    assert.deepEqual(ends, [{ kind: 'rateLimit', limit: 'requests', until: null, isFinal: true }]);
    const told = begin();
    told.patience.hear(retrying({ limit: 'requests', delayMs: 3_600_000 }));
    const until = told.clock.now() + 3_600_000;
    assert.deepEqual(told.ends, [{ kind: 'rateLimit', limit: 'requests', until, isFinal: true }]);
  });

  it('ends before the time limit of the run', () => {
    const { clock, ends, patience } = begin(60_000);
    clock.tick(40_000);
    patience.hear(limited);
    clock.tick(18_999);
    assert.equal(ends.length, 0);
    clock.tick(1);
    assert.equal(ends.length, 1);
  });

  it('begins anew with each try, and is over when the program is back', () => {
    const { clock, ends, patience } = begin();
    patience.hear(limited);
    clock.tick(500_000);
    patience.hear({ kind: 'raw', reason: 'text', text: 'a line of its log' });
    patience.hear(limited);
    clock.tick(599_999);
    patience.hear({ kind: 'message', text: 'Here I am.' });
    clock.tick(3_600_000);
    assert.deepEqual(ends, []);
  });
});
