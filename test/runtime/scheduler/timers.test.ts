import assert from 'node:assert/strict';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { HeartbeatPolicy } from '../../../src/runtime/model.ts';
import { jitterMs } from '../../../src/runtime/scheduler/jitter.ts';
import {
  Timers,
  type ClockGap,
  type DueHeartbeat,
  type MissedHeartbeats,
} from '../../../src/runtime/scheduler/timers.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { makePolicy } from '../../support/policies.ts';
import { TestLogger } from '../../support/testLogger.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const monday = Date.parse('2026-06-01T06:00:00Z');
const id = 'engineer';
const every = (intervalSec: number) => makePolicy({ intervalSec });
const daily = makePolicy({ cron: '0 9 * * *', timezone: 'UTC' });
const dailyJitter = jitterMs(id, day);

describe('Timers', () => {
  let clock: ManualClock;
  let log: TestLogger;
  let timers: Timers;
  let due: (DueHeartbeat & { at: number })[];
  let planned: Map<string, number | null>;
  let missed: MissedHeartbeats[];
  let gaps: ClockGap[];

  function open(startAt: number): void {
    clock = new ManualClock(startAt);
    log = new TestLogger();
    timers = openTimers();
  }

  function openTimers(): Timers {
    const opened = new Timers({ clock, log });
    due = [];
    planned = new Map();
    missed = [];
    gaps = [];
    opened.onDidMiss((event) => missed.push(event));
    opened.onDidFindGap((gap) => gaps.push(gap));
    opened.onDidFallDue((event) => due.push({ ...event, at: clock.now() }));
    opened.onDidPlan(({ id: key, nextAt }) => planned.set(key, nextAt));
    return opened;
  }

  function startWith(policy: HeartbeatPolicy, plannedAt: number | null = null): void {
    timers.set(id, policy, plannedAt);
    timers.start();
  }

  beforeEach(() => {
    open(monday);
  });

  afterEach(() => {
    timers.dispose();
    assert.equal(clock.pendingTimers, 0);
    log.assertQuiet();
  });

  it('lets the first heartbeat of an interval come after one interval, then keeps its phase', () => {
    startWith(every(300));
    const first = monday + 300_000 + jitterMs(id, 300_000);
    assert.equal(planned.get(id), first);
    clock.tick(16 * minute);
    assert.deepEqual(
      due.map(({ plannedAt, at }) => [plannedAt, at]),
      [0, 1, 2].map((count) => [first + count * 300_000, first + count * 300_000]),
    );
    assert.ok(due.every(({ missed, isCatchUp }) => missed === 0 && !isCatchUp));
  });

  it('fires nothing before it is started', () => {
    timers.set(id, every(30), null);
    clock.tick(minute);
    assert.deepEqual([due, clock.pendingTimers], [[], 0]);
  });

  it('never sets a timer of more than 30 s, even for one in 24.9 days', () => {
    startWith(every(24.9 * 86_400));
    const first = planned.get(id) ?? 0;
    assert.deepEqual(clock.pendingDelays, [30_000]);
    clock.tick(24.9 * day);
    assert.equal(due.length, 0);
    clock.tick(minute);
    assert.deepEqual(
      due.map(({ at }) => at),
      [first],
    );
  });

  it('goes on from the stored plan after a restart', () => {
    startWith(every(300), monday + 40_000);
    clock.tick(39_999);
    assert.equal(due.length, 0);
    clock.tick(1);
    assert.equal(due[0]?.plannedAt, monday + 40_000);
    assert.equal(planned.get(id), monday + 340_000);
  });

  it('does not announce a plan that its owner has stored already', () => {
    startWith(every(300), monday + 40_000);
    assert.equal(planned.size, 0);
  });

  it('has planned the next heartbeat before it fires', () => {
    startWith(every(30));
    const seen: (number | null | undefined)[] = [];
    timers.onDidFallDue(() => seen.push(planned.get(id)));
    clock.tick(minute);
    assert.ok(seen.length > 0);
    assert.ok(seen.every((next) => typeof next === 'number' && next > monday + 30_000));
  });

  it('fires on although a listener throws', () => {
    timers.onDidFallDue(() => {
      throw new Error('listener');
    });
    startWith(every(30));
    clock.tick(3 * minute);
    assert.ok(due.length >= 5);
    assert.equal(log.errors.splice(0).length, due.length);
  });

  it('skips what an interval missed while the machine slept, and keeps its phase', () => {
    startWith(every(300));
    const first = planned.get(id) ?? 0;
    clock.jump(17 * minute);
    clock.tick(30_000);
    assert.equal(due.length, 0);
    clock.tick(5 * minute);
    assert.deepEqual(
      due.map(({ plannedAt }) => (plannedAt - first) % 300_000),
      [0],
    );
    assert.deepEqual(missed, [{ id, firstAt: first, missed: 3 }]);
    assert.deepEqual(gaps, [{ from: monday, to: monday + 17 * minute + 30_000, gapMs: 17 * minute }]);
  });

  it('catches up once with a cron expression that slept over three times, through its jitter', () => {
    startWith(daily);
    clock.jump(2 * day + 5 * hour);
    clock.tick(30_000 + dailyJitter);
    const lastMissed = Date.parse('2026-06-03T09:00:00Z') + dailyJitter;
    assert.deepEqual(due, [
      {
        id,
        firstAt: Date.parse('2026-06-01T09:00:00Z') + dailyJitter,
        plannedAt: lastMissed,
        missed: 3,
        isCatchUp: true,
        at: monday + 2 * day + 5 * hour + 30_000 + dailyJitter,
      },
    ]);
    clock.tick(20 * hour);
    assert.equal(due.length, 1);
    clock.tick(4 * hour);
    assert.deepEqual([due.length, due[1]?.isCatchUp], [2, false]);
  });

  it('makes up once for what an interval missed if it is to, and goes on in its phase', () => {
    startWith(makePolicy({ intervalSec: 3600, catchUp: 'once' }));
    const first = planned.get(id) ?? 0;
    clock.jump(5 * hour);
    clock.tick(30_000 + 30_000);
    assert.deepEqual(
      due.map(({ plannedAt, firstAt, missed: count, isCatchUp }) => [plannedAt, firstAt, count, isCatchUp]),
      [[first + 4 * hour, first, 5, true]],
    );
    clock.tick(2 * hour);
    assert.deepEqual(
      due.slice(1).map(({ plannedAt }) => plannedAt),
      [first + 5 * hour, first + 6 * hour],
    );
    assert.deepEqual(missed, []);
  });

  it('notices a halt during which the other clock went on too', () => {
    const halted = new ManualClock(monday);
    const stopped = new Timers({ clock: haltingClock(halted, 10 * minute), log });
    stopped.onDidFindGap((gap) => gaps.push(gap));
    stopped.set(id, every(300), null);
    stopped.start();
    halted.tick(11 * minute);
    stopped.dispose();
    assert.deepEqual(
      gaps.map(({ gapMs }) => gapMs),
      [10 * minute],
    );
  });

  it('tells of a clock that was set back, and of none that is a minute off', () => {
    startWith(every(300));
    clock.jump(minute);
    clock.tick(30_000);
    clock.jump(-minute);
    clock.tick(30_000);
    assert.deepEqual(gaps, []);
    clock.jump(-2 * hour);
    clock.tick(30_000);
    assert.deepEqual(
      gaps.map(({ gapMs }) => gapMs),
      [-2 * hour],
    );
  });

  it('fires a time of each day once in a year of clock changes, leap day included', () => {
    const start = Date.parse('2027-12-31T12:00:00Z');
    timers.dispose();
    open(start);
    startWith(makePolicy({ cron: '30 2 * * *', timezone: 'America/New_York' }));
    clock.tick(366 * day);
    const days = due.map(({ plannedAt }) => new Date(plannedAt - 4 * hour).toISOString().slice(0, 10));
    assert.deepEqual([days.length, new Set(days).size, days.includes('2028-02-29')], [366, 366, true]);
  });

  it('keeps a schedule of 60 days and one of a year over restarts', () => {
    for (const [cron, expected] of [
      ['0 6 1 */2 *', '2026-07-01T06:00:00Z'],
      ['@yearly', '2027-01-01T00:00:00Z'],
    ] as const) {
      timers.dispose();
      open(monday);
      startWith(makePolicy({ cron, timezone: 'UTC' }));
      const stored = planned.get(id) ?? 0;
      assert.equal(stored, Date.parse(expected) + jitterMs(id, 60 * day));
      for (let restart = 0; restart < 3; restart++) {
        clock.tick(5 * day);
        timers.dispose();
        timers = openTimers();
        startWith(makePolicy({ cron, timezone: 'UTC' }), stored);
      }
      clock.tick(stored - clock.now());
      assert.deepEqual(
        due.map(({ plannedAt, at }) => [plannedAt, at]),
        [[stored, stored]],
      );
    }
  });

  it('keeps the missed time stored until its catch-up has fired, so that a crash does not lose it', () => {
    startWith(daily);
    const missed = planned.get(id) ?? 0;
    clock.jump(4 * hour);
    clock.tick(30_000);
    assert.equal(planned.get(id), missed);
    timers.dispose();
    timers = openTimers();
    clock.tick(2 * minute);
    startWith(daily, missed);
    clock.tick(30_000);
    assert.deepEqual(
      due.map(({ isCatchUp, plannedAt }) => [isCatchUp, plannedAt]),
      [[true, missed]],
    );
  });

  it('does not catch up with what was missed by more than a day', () => {
    const weekly = makePolicy({ cron: '0 9 * * 1', timezone: 'UTC' });
    startWith(weekly);
    clock.jump(2 * day);
    clock.tick(hour);
    assert.equal(due.length, 0);
    assert.equal(planned.get(id), Date.parse('2026-06-08T09:00:00Z') + dailyJitter);
  });

  it('treats what was missed while it was not running like a sleep', () => {
    startWith(daily, monday - 21 * hour + dailyJitter);
    clock.tick(minute);
    assert.deepEqual(
      due.map(({ isCatchUp, missed }) => [isCatchUp, missed]),
      [[true, 1]],
    );
  });

  it('fires at once what fell due a moment before a restart', () => {
    startWith(every(300), monday - 20_000);
    clock.tick(1);
    assert.deepEqual(
      due.map(({ isCatchUp, missed }) => [isCatchUp, missed]),
      [[false, 0]],
    );
    assert.equal(planned.get(id), monday + 280_000);
  });

  it('makes one heartbeat of two that passed within a minute', () => {
    startWith(every(30), monday - 50_000);
    clock.tick(1);
    assert.deepEqual(
      due.map(({ missed }) => missed),
      [1],
    );
  });

  it('lets an interval wait no longer when the clock is set back', () => {
    startWith(every(300));
    const waitMs = (planned.get(id) ?? 0) - monday;
    clock.tick(100_000);
    clock.jump(-day);
    clock.tick(waitMs - 100_000 - 1);
    assert.equal(due.length, 0);
    clock.tick(1);
    assert.equal(due.length, 1);
  });

  it('does not fire a cron time again when the clock is set back over it', () => {
    startWith(daily);
    clock.tick(3 * hour + minute);
    assert.equal(due.length, 1);
    clock.jump(-hour);
    clock.tick(2 * hour);
    assert.equal(due.length, 1);
    clock.tick(day);
    assert.equal(due.length, 2);
  });

  it('follows a clock that was years ahead back', () => {
    open(monday + 1000 * day);
    startWith(daily);
    clock.tick(day);
    assert.equal(due.length, 1);
    clock.jump(-1000 * day);
    clock.tick(2 * day);
    assert.equal(due.length, 3);
  });

  it('does not lose a waiting catch-up when the clock is set back', () => {
    startWith(daily);
    clock.jump(4 * hour);
    clock.tick(30_000);
    clock.jump(-2 * hour);
    clock.tick(30_000 + dailyJitter);
    assert.deepEqual(
      due.map(({ isCatchUp }) => isCatchUp),
      [true],
    );
    clock.tick(3 * hour);
    assert.equal(due.length, 1);
  });

  it('follows a stored plan of a clock that was ahead only in its phase', () => {
    startWith(every(300), monday + 10 * day + 1000);
    assert.equal(planned.get(id), monday + 1000);
  });

  it('counts a changed interval from now, and leaves an unchanged one alone', () => {
    startWith(every(4 * 3600));
    clock.tick(hour);
    const before = planned.get(id) ?? null;
    timers.set(id, makePolicy({ intervalSec: 4 * 3600, wakeOnAssignment: false }), before);
    assert.equal(planned.get(id), before);
    timers.set(id, every(300), before);
    assert.equal(planned.get(id), monday + hour + 300_000 + jitterMs(id, 300_000));
    clock.tick(6 * minute);
    assert.equal(due.length, 1);
  });

  it('plans nothing for an id that is switched off or removed', () => {
    startWith(every(300));
    timers.set(id, { ...every(300), enabled: false }, planned.get(id) ?? null);
    assert.equal(planned.get(id), null);
    timers.set('other', every(60), null);
    timers.remove('other');
    clock.tick(hour);
    assert.equal(due.length, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets a listener remove an id that is due in the same moment', () => {
    startWith(every(30), monday - 1000);
    timers.set('other', every(30), monday - 500);
    timers.onDidFallDue(() => {
      timers.remove('other');
    });
    clock.tick(1);
    assert.deepEqual(
      due.map((event) => event.id),
      [id],
    );
  });

  it('costs next to nothing with 10 000 agents that wait', () => {
    const reads = { count: 0 };
    const counting = new ManualClock(monday);
    const now = counting.now.bind(counting);
    counting.now = () => {
      reads.count++;
      return now();
    };
    const set = counting.setTimeout.bind(counting);
    let timersSet = 0;
    counting.setTimeout = (callback, delayMs) => {
      timersSet++;
      return set(callback, delayMs);
    };
    const many = new Timers({ clock: counting, log });
    many.start();
    for (let index = 0; index < 10_000; index++) many.set(`id-${String(index)}`, every(86_400), null);
    assert.deepEqual([counting.pendingTimers, timersSet], [1, 1]);
    reads.count = 0;
    counting.tick(hour);
    assert.ok(reads.count < 1000, `${String(reads.count)} looks at the clock in an idle hour`);
    many.dispose();
    assert.equal(counting.pendingTimers, 0);
  });

  it('does nothing after it was disposed', () => {
    startWith(every(30));
    timers.dispose();
    timers.set('other', every(30), null);
    clock.tick(hour);
    assert.equal(due.length, 0);
  });
});

/** A clock whose first timer comes late by `lateMs`, on both clocks, as after a halt of the whole process. */
function haltingClock(clock: ManualClock, lateMs: number): Clock {
  let isFirst = true;
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout(callback, delayMs) {
      const extraMs = isFirst ? lateMs : 0;
      isFirst = false;
      return clock.setTimeout(callback, delayMs + extraMs);
    },
  };
}
