import assert from 'node:assert/strict';
import { ManualClock } from './manualClock.ts';

describe('ManualClock', () => {
  it('fires timers in due order, each at its own moment, those set meanwhile included', () => {
    const clock = new ManualClock(1000);
    const fired: [string, number][] = [];
    clock.setTimeout(() => fired.push(['late', clock.now()]), 300);
    clock.setTimeout(() => {
      fired.push(['early', clock.now()]);
      clock.setTimeout(() => fired.push(['nested', clock.now()]), 100);
    }, 100);
    clock.tick(300);
    assert.deepEqual(fired, [
      ['early', 1100],
      ['nested', 1200],
      ['late', 1300],
    ]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('moves the wall clock alone when it jumps', () => {
    const clock = new ManualClock(0);
    let fired = 0;
    clock.setTimeout(() => fired++, 10);
    clock.jump(1_000_000);
    assert.deepEqual([clock.now(), clock.monotonic(), fired], [1_000_000, 0, 0]);
    clock.tick(10);
    assert.equal(fired, 1);
  });

  it('forgets a disposed timer', () => {
    const clock = new ManualClock();
    clock.setTimeout(() => assert.fail('fired'), 10).dispose();
    clock.tick(20);
    assert.equal(clock.pendingTimers, 0);
  });

  it('fires a timer of more than 24.8 days after a millisecond, as Node does', () => {
    const clock = new ManualClock();
    let fired = false;
    clock.setTimeout(() => (fired = true), 24.9 * 86_400_000);
    clock.tick(1);
    assert.ok(fired);
  });

  it('tells when a timer was set', async () => {
    const clock = new ManualClock();
    const whenSet = clock.whenTimerSet((delayMs) => delayMs === 20);
    clock.setTimeout(() => undefined, 10);
    clock.setTimeout(() => undefined, 20);
    await whenSet;
    await clock.whenTimerSet((delayMs) => delayMs === 10);
  });
});
