import assert from 'node:assert/strict';
import {
  findCollisions,
  sumDays,
  summarize,
  timesOf,
  type Plan,
  type PlannedDay,
} from '../../../src/runtime/scheduler/simulate.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const schedule = { enabled: true, intervalSec: 0, cron: null, timezone: null, catchUp: 'skip' } as const;

function plan(part: Partial<Plan> = {}): Plan {
  return {
    agent: 'a',
    id: 'a',
    heartbeat: null,
    schedule: { ...schedule, intervalSec: 3600 },
    nextAt: null,
    quietHours: null,
    quietZone: null,
    skipsWhenIdle: false,
    onlyIf: [],
    obstacle: null,
    cwd: null,
    maxConcurrentRuns: 1,
    runMs: null,
    isListPrice: false,
    costMicros: null,
    ...part,
  };
}

const cron = (expression: string, timezone: string) => ({ ...schedule, cron: expression, timezone });
/** A span as its first and its last minute, in UTC. */
const span = (from: string, days: number, limit = 3000) => ({
  from: Date.parse(`${from}Z`),
  to: Date.parse(`${from}Z`) + days * dayMs,
  limit,
});
/** Times in UTC, without the jitter, which is less than a minute. */
const minutes = (times: readonly number[]): string[] =>
  times.map((at) => new Date(Math.floor(at / minuteMs) * minuteMs).toISOString().slice(5, 16));

describe('the times of a schedule', () => {
  const table: readonly (readonly [string, Partial<Plan>, ReturnType<typeof span>, readonly string[]])[] = [
    [
      'follow the clock on the wall into winter time',
      { schedule: cron('0 9 * * *', 'Europe/Paris') },
      span('2026-10-24T00:00', 3),
      ['10-24T07:00', '10-25T08:00', '10-26T08:00'],
    ],
    [
      'fall due at the end of the gap when summer time begins',
      { schedule: cron('30 2 * * *', 'Europe/Paris') },
      span('2026-03-28T00:00', 3),
      ['03-28T01:30', '03-29T01:00', '03-30T00:30'],
    ],
    [
      'leave out quiet hours over midnight',
      { schedule: cron('0 */6 * * *', 'Europe/Paris'), quietHours: '22:00-07:00', quietZone: 'Europe/Paris' },
      span('2026-07-01T00:00', 1),
      ['07-01T10:00', '07-01T16:00'],
    ],
    ['are none while the agent is held', { obstacle: 'paused' }, span('2026-07-01T00:00', 1), []],
    [
      'are none when it is switched off',
      { schedule: { ...schedule, enabled: false } },
      span('2026-07-01T00:00', 1),
      [],
    ],
    [
      'begin with the one that is planned',
      { schedule: { ...schedule, intervalSec: 36_000 }, nextAt: Date.parse('2026-07-01T01:15Z') },
      span('2026-07-01T00:00', 1),
      ['07-01T01:15', '07-01T11:15', '07-01T21:15'],
    ],
    [
      'begin one whole interval from now if none is planned, or the planned one has passed',
      { schedule: { ...schedule, intervalSec: 36_000 }, nextAt: Date.parse('2026-06-30T01:15Z') },
      span('2026-07-01T00:00', 1),
      ['07-01T10:00', '07-01T20:00'],
    ],
  ];
  for (const [name, part, within, expected] of table) {
    it(name, () => {
      assert.deepEqual(minutes(timesOf(plan(part), within).times), expected);
    });
  }

  it('end before the span does', () => {
    const { times, until } = timesOf(plan({ nextAt: 0 }), { from: 0, to: 3 * hourMs, limit: 10 });
    assert.deepEqual([times, until], [[0, hourMs, 2 * hourMs], 3 * hourMs]);
  });
});

const daysFrom = (from: number, count: number): PlannedDay[] =>
  Array.from({ length: count }, (_, index) => ({
    date: `day ${String(index)}`,
    from: from + index * dayMs,
    to: from + (index + 1) * dayMs,
  }));

describe('a schedule denser than what is looked at', () => {
  it('is said to go on like before, and to be estimated', () => {
    const dense = plan({ schedule: { ...schedule, intervalSec: 30 }, nextAt: 0 });
    const found = timesOf(dense, { from: 0, to: 7 * dayMs, limit: 3000 });
    const summary = summarize(found, daysFrom(0, 7));

    assert.equal(found.times.length, 3000);
    assert.equal(summary.isEstimated, true);
    assert.equal(summary.starts, 20_160);
    assert.equal(summary.next.length, 5);
    assert.deepEqual(
      sumDays([found], daysFrom(0, 7)).map(({ starts }) => starts),
      Array.from({ length: 7 }, () => 2880),
    );
  });

  it('is exact as long as all its times are looked at', () => {
    const found = timesOf(plan({ nextAt: 0 }), { from: 0, to: 7 * dayMs, limit: 3000 });
    const { starts, isEstimated } = summarize(found, daysFrom(0, 7));
    assert.deepEqual([starts, isEstimated], [168, false]);
  });
});

describe('a simulated day', () => {
  it('sums what is known, and counts what is not', () => {
    const within = { from: 0, to: dayMs, limit: 3000 };
    const known = timesOf(plan({ nextAt: 0, runMs: 1000, costMicros: 10, isListPrice: true }), within);
    const unknown = timesOf(plan({ nextAt: 0, schedule: { ...schedule, intervalSec: 43_200 } }), within);

    assert.deepEqual(sumDays([known, unknown], daysFrom(0, 1)), [
      { date: 'day 0', starts: 26, runMs: 24_000, withoutTime: 2, costMicros: 240, isListPrice: true, withoutCost: 2 },
    ]);
    assert.deepEqual(sumDays([unknown], daysFrom(0, 1)), [
      { date: 'day 0', starts: 2, runMs: 0, withoutTime: 2, costMicros: 0, isListPrice: false, withoutCost: 2 },
    ]);
  });
});

describe('collisions', () => {
  const at = (agent: string, times: readonly number[], part: Partial<Plan> = {}) => ({
    plan: plan({ agent, id: agent, runMs: 10, ...part }),
    times,
    quiet: 0,
    until: 1000,
  });
  const table = [
    ['are none one after the other', [at('a', [0, 10]), at('b', [5])], 2, []],
    ['are none of agents that never ran', [at('a', [0, 1], { runMs: null }), at('b', [0], { runMs: null })], 2, []],
    ['a run that is still at it', [at('a', [0, 5, 9, 10])], 2, ['a self null ×2 from 5']],
    ['no slot', [at('a', [0]), at('b', [3]), at('c', [4])], 2, ['c slots null ×1 from 4']],
    ['the same directory', [at('a', [0], { cwd: '/x' }), at('b', [3], { cwd: '/x' })], 9, ['b cwd a ×1 from 3']],
    ['a shared directory is none', [at('a', [0], { cwd: null }), at('b', [3], { cwd: '/x' })], 9, []],
    [
      'all that an agent may run at a time',
      [at('a', [0]), { ...at('a', [3]), plan: plan({ agent: 'a', id: 'named', heartbeat: 'named', runMs: 10 }) }],
      9,
      ['a agent null ×1 from 3'],
    ],
    [
      'what waited holds others up in turn',
      [at('a', [0], { cwd: '/x' }), at('b', [3], { cwd: '/x' }), at('c', [15], { cwd: '/x' })],
      9,
      ['b cwd a ×1 from 3', 'c cwd b ×1 from 15'],
    ],
    [
      'what waits already is not asked for twice',
      [at('a', [0]), at('b', [3, 4])],
      1,
      ['b slots null ×1 from 3', 'b self null ×1 from 4'],
    ],
  ] as const;
  for (const [name, all, slots, expected] of table) {
    it(name, () => {
      const { collisions } = findCollisions(all, slots);
      assert.deepEqual(
        collisions.map(
          (one) => `${one.agent} ${one.kind} ${String(one.other)} ×${String(one.count)} from ${String(one.firstAt)}`,
        ),
        expected,
      );
    });
  }

  it('are looked for only while all times are known', () => {
    const { collisions, until } = findCollisions([{ ...at('a', [0, 500]), until: 400 }, at('b', [1, 501])], 1);
    assert.equal(until, 400);
    assert.deepEqual(
      collisions.map(({ count }) => count),
      [1],
    );
  });
});
