import assert from 'node:assert/strict';
import type { HeartbeatPolicy } from '../../../src/runtime/model.ts';
import { isSameSchedule, periodMs } from '../../../src/runtime/scheduler/due.ts';
import { jitterMs } from '../../../src/runtime/scheduler/jitter.ts';
import { Timers, type DueHeartbeat } from '../../../src/runtime/scheduler/timers.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { makePolicy } from '../../support/policies.ts';
import { TestLogger } from '../../support/testLogger.ts';

const minute = 60_000;
const hour = 60 * minute;
const monday = Date.parse('2026-06-01T06:00:00Z');
const id = 'engineer';
const daily = makePolicy({ cron: '0 9 * * *', timezone: 'UTC' });

/** Timers on a clock of their own, and what they said. */
class Scene implements Disposable {
  readonly clock: ManualClock;
  readonly timers: Timers;
  readonly due: (DueHeartbeat & { at: number })[] = [];
  readonly plans: (number | null)[] = [];
  gaps = 0;
  missed = 0;

  constructor(policy: HeartbeatPolicy, { at = monday, plannedAt = null as number | null } = {}) {
    this.clock = new ManualClock(at);
    this.timers = new Timers({ clock: this.clock, log: new TestLogger() });
    this.timers.onDidFallDue((event) => this.due.push({ ...event, at: this.clock.now() }));
    this.timers.onDidPlan(({ nextAt }) => this.plans.push(nextAt));
    this.timers.onDidFindGap(() => (this.gaps += 1));
    this.timers.onDidMiss(({ missed }) => (this.missed += missed));
    this.timers.set(id, policy, plannedAt);
    this.timers.start();
  }

  get plannedAt(): number {
    return this.plans.at(-1) ?? 0;
  }

  [Symbol.dispose](): void {
    this.timers.dispose();
  }
}

describe('Timers at their limits', () => {
  it('serve what is a minute late, and count as missed what is later', () => {
    for (const [lateMs, expected] of [
      [minute, [1, 0]],
      [minute + 1, [0, 1]],
      [1.5 * minute, [0, 1]],
    ] as const) {
      using scene = new Scene(makePolicy({ intervalSec: 86_400 }));
      scene.clock.jump(scene.plannedAt - scene.clock.now() - 30_000 + lateMs);
      scene.clock.tick(30_000);
      assert.deepEqual([scene.due.length, scene.missed], expected, String(lateMs));
    }
  });

  it('let a clock that is set back by less than a minute move nothing', () => {
    using scene = new Scene(makePolicy({ intervalSec: 300 }));
    const { plannedAt } = scene;
    scene.clock.tick(30_000);
    scene.clock.jump(-50_000);
    scene.clock.tick(5 * minute);
    assert.deepEqual([scene.due.length, scene.gaps, scene.plannedAt], [0, 0, plannedAt]);
    scene.clock.tick(2 * minute);
    assert.equal(scene.due[0]?.at, plannedAt);
  });

  it('keep the phase that an interval got when the clock was set back', () => {
    using scene = new Scene(makePolicy({ intervalSec: 300 }));
    const first = scene.plannedAt - 1_000_100;
    scene.clock.jump(-1_000_100);
    scene.clock.tick(11 * minute);
    assert.deepEqual(
      scene.due.map(({ at }) => at),
      [first, first + 300_000],
    );
  });

  it('tell of a plan only when it has become another one', () => {
    using scene = new Scene(daily, { at: Date.parse('2026-06-01T12:00:00Z') });
    assert.equal(scene.plans.length, 1);
    scene.clock.jump(-2 * minute);
    scene.clock.tick(minute);
    assert.deepEqual([scene.gaps, scene.plans.length], [1, 1]);
  });

  it('keep the first time of an interval over a restart right after it was planned', () => {
    assert.ok(jitterMs(id, 300_000) > 0);
    using scene = new Scene(makePolicy({ intervalSec: 300 }));
    using later = new Scene(makePolicy({ intervalSec: 300 }), { plannedAt: scene.plannedAt });
    assert.deepEqual(later.plans, []);
    later.clock.tick(scene.plannedAt - monday - 1);
    assert.equal(later.due.length, 0);
    later.clock.tick(1);
    assert.equal(later.due.length, 1);
  });

  it('make up for what was missed at the next regular time at the latest', () => {
    const jitter = jitterMs(id, hour);
    assert.ok(jitter > 5000);
    using scene = new Scene(makePolicy({ intervalSec: 3600, catchUp: 'once' }));
    const next = scene.plannedAt + 2 * hour;
    // The clock is looked at again within 30 s; that is shortly before a regular time.
    scene.clock.jump(next - 2000 - 30_000 - scene.clock.now());
    scene.clock.tick(30_000);
    assert.equal(scene.due.length, 0);
    scene.clock.tick(2000);
    assert.deepEqual(
      scene.due.map(({ at, isCatchUp }) => [at, isCatchUp]),
      [[next, true]],
    );
  });

  it('follow a changed word about making up for what was missed, though the times are the same', () => {
    using scene = new Scene(makePolicy({ intervalSec: 3600 }));
    scene.timers.set(id, makePolicy({ intervalSec: 3600, catchUp: 'once' }), scene.plannedAt);
    scene.clock.jump(2.5 * hour);
    scene.clock.tick(minute);
    assert.deepEqual(
      scene.due.map(({ isCatchUp, missed }) => [isCatchUp, missed]),
      [[true, 2]],
    );
  });

  it('wait for nothing once the last schedule was removed', () => {
    using scene = new Scene(daily);
    assert.equal(scene.clock.pendingTimers, 1);
    scene.timers.remove(id);
    assert.equal(scene.clock.pendingTimers, 0);
  });

  it('plan anew for another time zone', () => {
    using scene = new Scene(daily);
    const { plannedAt } = scene;
    scene.timers.set(id, makePolicy({ cron: '0 9 * * *', timezone: 'Asia/Tokyo' }), plannedAt);
    assert.notEqual(scene.plannedAt, plannedAt);
  });
});

describe('schedules', () => {
  it('are the same if they fall due at the same times', () => {
    const base = makePolicy({ cron: '0 9 * * *', timezone: 'UTC' });
    const others = [{ enabled: false }, { intervalSec: 60 }, { cron: '0 8 * * *' }, { timezone: 'Asia/Tokyo' }];
    assert.ok(isSameSchedule(base, { ...base, catchUp: 'skip' }));
    for (const other of others) assert.ok(!isSameSchedule(base, { ...base, ...other }), JSON.stringify(other));
  });

  it('have the shortest time between two heartbeats as their period, wherever it lies', () => {
    for (const cron of ['0 0,1 * * *', '0 9,10 * * *']) {
      assert.equal(periodMs(makePolicy({ cron, timezone: 'UTC' })), hour, cron);
    }
  });
});
