import assert from 'node:assert/strict';
import type { Notifications } from '../../src/protocol.ts';
import { LogGrowth } from '../../src/runtime/logGrowth.ts';
import { ManualClock } from '../support/manualClock.ts';

describe('LogGrowth', () => {
  function open(): {
    clock: ManualClock;
    growth: LogGrowth;
    seen: string[];
    grow: (runId: string, bytes: number, isSettled?: boolean) => void;
  } {
    const clock = new ManualClock();
    const seen: string[] = [];
    const growth = new LogGrowth(clock, ({ runId, bytes, isSettled }: Notifications['logGrew']) => {
      seen.push(`${runId} ${String(bytes)}${isSettled ? ' settled' : ''}`);
    });
    const grow = (runId: string, bytes: number, isSettled = false): void => {
      growth.add({ runId, agent: 'a', bytes, isSettled });
    };
    return { clock, growth, seen, grow };
  }

  it('announces the first at once, then the latest every 50 ms', () => {
    const { clock, seen, grow } = open();
    grow('r', 1);
    grow('r', 2);
    grow('r', 3);
    assert.deepEqual(seen, ['r 1']);
    clock.tick(49);
    grow('r', 4);
    assert.deepEqual(seen, ['r 1']);
    clock.tick(1);
    grow('r', 5);
    assert.deepEqual(seen, ['r 1', 'r 4']);
    clock.tick(50);
    assert.deepEqual(seen, ['r 1', 'r 4', 'r 5']);
    clock.tick(1000);
    grow('r', 6);
    assert.deepEqual(seen.at(-1), 'r 6');
  });

  it('announces the end of a run at once and nothing after it', () => {
    const { clock, seen, grow } = open();
    grow('r', 1);
    grow('r', 2);
    grow('r', 9, true);
    clock.tick(1000);
    assert.deepEqual(seen, ['r 1', 'r 9 settled']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('paces each run by itself and leaves no timer behind', () => {
    const { clock, growth, seen, grow } = open();
    grow('r', 1);
    grow('s', 1);
    assert.deepEqual(seen, ['r 1', 's 1']);
    growth.dispose();
    assert.equal(clock.pendingTimers, 0);
  });
});
