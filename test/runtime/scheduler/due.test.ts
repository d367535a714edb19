import assert from 'node:assert/strict';
import { nextDueAt, periodMs } from '../../../src/runtime/scheduler/due.ts';
import { makePolicy } from '../../support/policies.ts';

const cron = (expression: string, timezone = 'Europe/Paris') => makePolicy({ cron: expression, timezone });

describe('nextDueAt of a cron expression', () => {
  const rows: [what: string, expression: string, after: string, expected: string | null][] = [
    ['is later than the moment itself', '0 9 * * *', '2026-06-01T07:00:00Z', '2026-06-02T07:00:00Z'],
    ['sees a moment a millisecond ahead', '0 9 * * *', '2026-06-01T06:59:59.999Z', '2026-06-01T07:00:00Z'],
    ['follows the zone into summer', '0 9 * * *', '2026-03-28T08:00:00Z', '2026-03-29T07:00:00Z'],
    ['follows the zone into winter', '0 9 * * *', '2026-10-24T07:00:00Z', '2026-10-25T08:00:00Z'],
    ['runs a time in the spring gap at its end', '30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00Z'],
    ['runs a doubled time the first time', '30 2 * * *', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00Z'],
    ['runs a doubled time only once', '30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    ['runs each half hour of both doubled hours', '*/30 * * * *', '2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z'],
    ['waits for the next leap year', '0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-28T23:00:00Z'],
    ['keeps to months that have a 31st', '0 0 31 * *', '2026-03-31T00:00:00Z', '2026-05-30T22:00:00Z'],
    ['finds the last day of February', '0 0 L * *', '2026-02-01T00:00:00Z', '2026-02-27T23:00:00Z'],
    ['finds the last day of a leap February', '0 0 L * *', '2028-02-01T00:00:00Z', '2028-02-28T23:00:00Z'],
    ['crosses the end of a year', '0 0 1 1 *', '2026-12-31T22:59:59Z', '2026-12-31T23:00:00Z'],
    ['runs hourly through the spring gap', '0 * * * *', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z'],
    ['runs hourly in the second of two hours', '0 * * * *', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
    ['waits 60 days, longer than a timer can', '0 6 1 */2 *', '2026-07-01T04:00:00Z', '2026-09-01T04:00:00Z'],
    ['waits a year', '@yearly', '2026-01-01T00:00:00Z', '2026-12-31T23:00:00Z'],
    ['passes over the century that is no leap year', '0 0 29 2 *', '2096-03-01T00:00:00Z', '2104-02-28T23:00:00Z'],
    ['never finds the 30th of February', '0 0 30 2 *', '2026-01-01T00:00:00Z', null],
  ];
  for (const [what, expression, after, expected] of rows) {
    it(what, () => {
      const next = nextDueAt(cron(expression), { anchorAt: 0, after: Date.parse(after), jitterMs: 0 });
      assert.equal(next === null ? null : new Date(next).toISOString(), expected && new Date(expected).toISOString());
    });
  }

  it('adds the jitter and does not fall due twice for one time', () => {
    const nine = Date.parse('2026-06-01T07:00:00Z');
    const options = { anchorAt: 0, jitterMs: 20_000 };
    assert.equal(nextDueAt(cron('0 9 * * *'), { ...options, after: nine + 19_999 }), nine + 20_000);
    assert.equal(nextDueAt(cron('0 9 * * *'), { ...options, after: nine + 20_000 }), nine + 86_400_000 + 20_000);
  });
});

describe('nextDueAt of an interval', () => {
  const rows: [what: string, intervalSec: number, after: number, expected: number | null][] = [
    ['counts from its anchor', 300, 1_000_000 + 299_999, 1_300_000],
    ['is later than the moment itself', 300, 1_300_000, 1_600_000],
    ['keeps its phase after a gap', 300, 2_000_001, 2_200_000],
    ['keeps its phase before the anchor too', 300, 0, 100_000],
    ['manages more than 24.8 days', 2_151_360, 1_000_000, 2_152_360_000],
    ['is off with 0', 0, 1_000_000, null],
  ];
  for (const [what, intervalSec, after, expected] of rows) {
    it(what, () => {
      const next = nextDueAt(makePolicy({ intervalSec }), { anchorAt: 1_000_000, after, jitterMs: 0 });
      assert.equal(next, expected);
    });
  }

  it('never falls due when it is switched off', () => {
    const options = { anchorAt: 0, after: 0, jitterMs: 0 };
    assert.equal(nextDueAt(makePolicy({ enabled: false, intervalSec: 60 }), options), null);
    assert.equal(nextDueAt(makePolicy({ enabled: false, cron: '* * * * *' }), options), null);
  });
});

describe('periodMs', () => {
  it('is the shortest time between two heartbeats', () => {
    assert.equal(periodMs(makePolicy({ intervalSec: 30 })), 30_000);
    assert.equal(periodMs(cron('*/5 * * * *')), 300_000);
    assert.equal(periodMs(cron('0 9,10 * * *')), 3_600_000);
  });
});
