import assert from 'node:assert/strict';
import type { Clock } from '../../../src/runtime/clock.ts';
import { Heartbeats } from '../../../src/runtime/heartbeats.ts';
import type { HeartbeatPolicy } from '../../../src/runtime/model.ts';
import { jitterMs } from '../../../src/runtime/scheduler/jitter.ts';
import { Timers, type DueHeartbeat } from '../../../src/runtime/scheduler/timers.ts';
import { listRuns } from '../../../src/runtime/store/runTable.ts';
import { Dispatcher } from '../../../src/runtime/wakeups/dispatcher.ts';
import { WakeDesk } from '../../../src/runtime/wakeups/wakeDesk.ts';
import { Chance } from '../../support/chance.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { makePolicy } from '../../support/policies.ts';
import { boundlessPool } from '../../support/testDispatch.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const monday = Date.parse('2026-06-01T06:00:00Z');
const everyMinute = makePolicy({ intervalSec: 60 });
const facts = { isStopped: false, isDraining: false, isTrusted: true };

interface Fired extends DueHeartbeat {
  readonly at: number;
}

/** What falls due for agents of one schedule until a span has passed. */
function fire(
  clock: ManualClock,
  options: {
    readonly ids: readonly string[];
    readonly policy: HeartbeatPolicy;
    readonly spanMs: number;
    readonly seen?: Clock;
  },
): Fired[] {
  const timers = new Timers({ clock: options.seen ?? clock, log: new TestLogger() });
  const fired: Fired[] = [];
  timers.onDidFallDue((due) => fired.push({ ...due, at: clock.now() }));
  for (const id of options.ids) timers.set(id, options.policy, null);
  timers.start();
  clock.tick(options.spanMs);
  timers.dispose();
  return fired;
}

/** A clock whose timers come late by up to so many milliseconds, because something else kept the process busy. */
function busyClock(clock: ManualClock, chance: Chance, mostMs: number): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delayMs) =>
      clock.setTimeout(callback, delayMs + (chance.is(0.3) ? chance.between(0, mostMs) : 0)),
  };
}

describe('the pace of schedules', function () {
  this.timeout(60_000);

  it('an interval of 60 s makes a run each 60 s for an hour, through wakes, queue and store', async () => {
    await using fixture = await WakeFixture.open({ heartbeat: everyMinute, shareCwd: true });
    const { store, state, queue, audit, clock } = fixture;
    const logger = new TestLogger();
    const outcome = { exitCode: 0, setback: null, signal: null, errorCode: null, message: null, logBytes: 0 } as const;
    const settlement = { ...outcome, status: 'succeeded', stdoutExcerpt: '', stderrExcerpt: '' } as const;
    const dispatcher = new Dispatcher({
      reader: store,
      state,
      queue,
      logger,
      slots: 4,
      pool: boundlessPool,
      facts: () => facts,
      isConsented: () => Promise.resolve(true),
      describe: () => 'command',
      execute: ({ run }) => {
        queue.settle(run.id, { ...settlement, finishedAt: clock.now() });
        return Promise.resolve();
      },
      onDidEnd: () => undefined,
    });
    const desk = new WakeDesk({ store, state, queue, dispatcher, facts: () => facts, audit });
    const timers = new Timers({ clock, log: logger });
    const watch = { findUnchanged: () => Promise.resolve(new Set<string>()) };
    const heartbeats = new Heartbeats({ timers, store, state, desk, queue, audit, clock, logger, watch });
    const begunAt = clock.now();
    heartbeats.start();
    for (let passed = 0; passed < hour; passed += 1000) {
      clock.tick(1000);
      await new Promise(setImmediate);
      await dispatcher.dispatch();
    }
    heartbeats.stop();
    await dispatcher.whenIdle();
    logger.assertQuiet();
    for (const agent of ['a', 'b']) {
      const times = listRuns(store, { agent, limit: 100 }).map(({ queuedAt }) => queuedAt - begunAt);
      const jitter = jitterMs(agent, minute);
      const expected = Array.from({ length: 60 }, (_, index) => (index + 1) * minute + jitter).filter(
        (at) => at <= hour,
      );
      assert.deepEqual(times.toReversed(), expected);
    }
  });

  it('an interval of 60 s keeps its phase for a day', () => {
    const fired = fire(new ManualClock(monday), { ids: ['engineer'], policy: everyMinute, spanMs: day + minute });
    const first = monday + minute + jitterMs('engineer', minute);
    assert.deepEqual(
      fired.map(({ at }) => at),
      Array.from({ length: 1440 }, (_, index) => first + index * minute),
    );
  });

  it('every five minutes goes on through a week in which the clocks change, both ways', () => {
    for (const start of ['2026-03-05T00:00:00Z', '2026-10-29T00:00:00Z']) {
      const from = Date.parse(start);
      const policy = makePolicy({ cron: '*/5 * * * *', timezone: 'America/New_York' });
      const fired = fire(new ManualClock(from), { ids: ['engineer'], policy, spanMs: 7 * day });
      const jitter = jitterMs('engineer', 5 * minute);
      const expected = Array.from(
        { length: (7 * day) / (5 * minute) },
        (_, index) => from + (index + 1) * 5 * minute + jitter,
      );
      assert.deepEqual(
        fired.map(({ at }) => at),
        expected.filter((at) => at <= from + 7 * day),
      );
    }
  });

  it('forty agents of one interval stay spread over a tenth of it', () => {
    const ids = Array.from({ length: 40 }, (_, index) => `engineer-${String(index)}`);
    const fired = fire(new ManualClock(monday), { ids, policy: everyMinute, spanMs: 6 * hour });
    const offsets = new Map<string, Set<number>>();
    for (const { id, at } of fired) offsets.set(id, (offsets.get(id) ?? new Set()).add((at - monday) % minute));
    assert.deepEqual(
      [...offsets].map(([id, seen]) => [id, [...seen]]).toSorted(),
      ids.map((id) => [id, [jitterMs(id, minute)]]).toSorted(),
    );
    const spread = [...offsets.values()].map((seen) => Math.max(...seen));
    assert.ok(Math.max(...spread) - Math.min(...spread) > 4000 && Math.max(...spread) < 6000, spread.join());
    assert.ok(new Set(spread).size > 35);
  });

  it('a process that is kept busy for seconds at a time is late now and then, and drifts never', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const clock = new ManualClock(monday);
      const seen = busyClock(clock, new Chance(seed), 20_000);
      const fired = fire(clock, { ids: ['engineer'], policy: everyMinute, spanMs: day, seen });
      const first = monday + minute + jitterMs('engineer', minute);
      assert.deepEqual(
        fired.map(({ plannedAt }) => plannedAt),
        Array.from({ length: fired.length }, (_, index) => first + index * minute),
      );
      assert.ok(fired.length >= 1438, String(fired.length));
      const late = fired.map(({ at, plannedAt }) => at - plannedAt);
      assert.ok(Math.min(...late) >= 0 && Math.max(...late) <= 20_000);
      assert.ok(
        late.slice(-100).some((ms) => ms === 0),
        'it is on time again',
      );
      assert.ok(
        late.some((ms) => ms > 5000),
        'it was late at times',
      );
    }
  });
});
