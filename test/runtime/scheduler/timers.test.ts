import assert from 'node:assert/strict';
import type { HeartbeatPolicy } from '../../../src/runtime/model.ts';
import { jitterMs } from '../../../src/runtime/scheduler/jitter.ts';
import { Timers, type DueHeartbeat } from '../../../src/runtime/scheduler/timers.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { makePolicy } from '../../support/policies.ts';
import { TestLogger } from '../../support/testLogger.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const monday = Date.parse('2026-06-01T06:00:00Z');
const agent = 'engineer';
const every = (intervalSec: number) => makePolicy({ intervalSec });
const daily = makePolicy({ cron: '0 9 * * *', timezone: 'UTC' });
const dailyJitter = jitterMs(agent, day);

describe('Timers', () => {
  let clock: ManualClock;
  let log: TestLogger;
  let timers: Timers;
  let due: (DueHeartbeat & { at: number })[];
  let planned: Map<string, number | null>;

  function open(startAt: number): void {
    clock = new ManualClock(startAt);
    log = new TestLogger();
    timers = openTimers();
  }

  function openTimers(): Timers {
    const opened = new Timers({ clock, log });
    due = [];
    planned = new Map();
    opened.onDidFallDue((event) => due.push({ ...event, at: clock.now() }));
    opened.onDidPlan(({ agent: key, nextAt }) => planned.set(key, nextAt));
    return opened;
  }

  function startWith(policy: HeartbeatPolicy, plannedAt: number | null = null): void {
    timers.set(agent, policy, plannedAt);
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
    const first = monday + 300_000 + jitterMs(agent, 300_000);
    assert.equal(planned.get(agent), first);
    clock.tick(16 * minute);
    assert.deepEqual(
      due.map(({ plannedAt, at }) => [plannedAt, at]),
      [0, 1, 2].map((count) => [first + count * 300_000, first + count * 300_000]),
    );
    assert.ok(due.every(({ missed, isCatchUp }) => missed === 0 && !isCatchUp));
  });

  it('fires nothing before it is started', () => {
    timers.set(agent, every(30), null);
    clock.tick(minute);
    assert.deepEqual([due, clock.pendingTimers], [[], 0]);
  });

  it('never sets a timer of more than 30 s, even for one in 24.9 days', () => {
    startWith(every(24.9 * 86_400));
    const first = planned.get(agent) ?? 0;
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
    assert.equal(planned.get(agent), monday + 340_000);
  });

  it('does not announce a plan that its owner has stored already', () => {
    startWith(every(300), monday + 40_000);
    assert.equal(planned.size, 0);
  });

  it('has planned the next heartbeat before it fires', () => {
    startWith(every(30));
    const seen: (number | null | undefined)[] = [];
    timers.onDidFallDue(() => seen.push(planned.get(agent)));
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
    const first = planned.get(agent) ?? 0;
    clock.jump(17 * minute);
    clock.tick(30_000);
    assert.equal(due.length, 0);
    clock.tick(5 * minute);
    assert.deepEqual(
      due.map(({ plannedAt }) => (plannedAt - first) % 300_000),
      [0],
    );
    assert.ok(log.lines.some((line) => line.includes('clock jumped')));
  });

  it('catches up once with a cron expression that slept over three times, through its jitter', () => {
    startWith(daily);
    clock.jump(2 * day + 5 * hour);
    clock.tick(30_000 + dailyJitter);
    const lastMissed = Date.parse('2026-06-03T09:00:00Z') + dailyJitter;
    assert.deepEqual(due, [
      {
        agent,
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

  it('keeps the missed time stored until its catch-up has fired, so that a crash does not lose it', () => {
    startWith(daily);
    const missed = planned.get(agent) ?? 0;
    clock.jump(4 * hour);
    clock.tick(30_000);
    assert.equal(planned.get(agent), missed);
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
    assert.equal(planned.get(agent), Date.parse('2026-06-08T09:00:00Z') + dailyJitter);
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
    assert.equal(planned.get(agent), monday + 280_000);
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
    const waitMs = (planned.get(agent) ?? 0) - monday;
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
    assert.equal(planned.get(agent), monday + 1000);
  });

  it('counts a changed interval from now, and leaves an unchanged one alone', () => {
    startWith(every(4 * 3600));
    clock.tick(hour);
    const before = planned.get(agent) ?? null;
    timers.set(agent, { ...every(4 * 3600), wakeOnAssignment: false }, before);
    assert.equal(planned.get(agent), before);
    timers.set(agent, every(300), before);
    assert.equal(planned.get(agent), monday + hour + 300_000 + jitterMs(agent, 300_000));
    clock.tick(6 * minute);
    assert.equal(due.length, 1);
  });

  it('plans nothing for an agent that is switched off or removed', () => {
    startWith(every(300));
    timers.set(agent, { ...every(300), enabled: false }, planned.get(agent) ?? null);
    assert.equal(planned.get(agent), null);
    timers.set('other', every(60), null);
    timers.remove('other');
    clock.tick(hour);
    assert.equal(due.length, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets a listener remove an agent that is due in the same moment', () => {
    startWith(every(30), monday - 1000);
    timers.set('other', every(30), monday - 500);
    timers.onDidFallDue(() => {
      timers.remove('other');
    });
    clock.tick(1);
    assert.deepEqual(
      due.map((event) => event.agent),
      [agent],
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
    for (let index = 0; index < 10_000; index++) many.set(`agent-${String(index)}`, every(86_400), null);
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
