import assert from 'node:assert/strict';
import { Alarm } from '../../../src/runtime/wakeups/alarm.ts';
import { ManualClock } from '../../support/manualClock.ts';

function makeAlarm(): { clock: ManualClock; alarm: Alarm; rings: number[] } {
  const clock = new ManualClock();
  const rings: number[] = [];
  const alarm = new Alarm({ clock, onDidRing: () => rings.push(clock.now()) });
  return { clock, alarm, rings };
}

describe('Alarm', () => {
  it('rings once at its time, with no timer longer than 30 s', () => {
    const { clock, alarm, rings } = makeAlarm();
    const at = clock.now() + 100_000;
    alarm.set(at);
    assert.deepEqual(clock.pendingDelays, [30_000]);

    clock.tick(99_999);
    assert.deepEqual(rings, []);
    clock.tick(500_000);

    assert.deepEqual(rings, [at]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('rings within 30 s after the clock passed its time in a jump, and after it was set back', () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const { clock, alarm, rings } = makeAlarm();
      alarm.set(clock.now() + 600_000);
      clock.jump(jump);
      clock.tick(30_000);
      assert.equal(rings.length, 1, String(jump));
      alarm.dispose();
    }
  });

  it('forgets a time that is replaced or taken back, and does nothing once disposed', () => {
    const { clock, alarm, rings } = makeAlarm();
    alarm.set(clock.now() + 1000);
    alarm.set(clock.now() + 5000);
    clock.tick(4000);
    assert.deepEqual(rings, []);
    alarm.set(null);
    clock.tick(5000);
    alarm.dispose();
    alarm.set(clock.now());
    clock.tick(5000);
    assert.deepEqual(rings, []);
    assert.equal(clock.pendingTimers, 0);
  });
});
