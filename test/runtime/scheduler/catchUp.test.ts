import assert from 'node:assert/strict';
import { countDue, decideCatchUp } from '../../../src/runtime/scheduler/catchUp.ts';
import { makePolicy } from '../../support/policies.ts';

const daily = makePolicy({ cron: '0 9 * * *', timezone: 'UTC' });
const at = (text: string) => Date.parse(text);

describe('decideCatchUp', () => {
  it('stands for all the missed times and names the latest', () => {
    const catchUp = decideCatchUp(daily, {
      plannedAt: at('2026-06-01T09:00Z'),
      now: at('2026-06-03T10:00Z'),
      jitterMs: 0,
    });
    assert.deepEqual(catchUp, { plannedAt: at('2026-06-03T09:00Z'), missed: 3 });
  });

  it('lets go what was missed by a day or more', () => {
    const weekly = makePolicy({ cron: '0 9 * * 1', timezone: 'UTC' });
    const monday = at('2026-06-01T09:00Z');
    const justInTime = monday + 86_400_000 - 1;
    assert.deepEqual(decideCatchUp(weekly, { plannedAt: monday, now: justInTime, jitterMs: 0 }), {
      plannedAt: monday,
      missed: 1,
    });
    assert.equal(decideCatchUp(weekly, { plannedAt: monday, now: justInTime + 1, jitterMs: 0 }), null);
  });

  it('stands for the missed times of an interval that asks for it, in its phase', () => {
    const hourly = makePolicy({ intervalSec: 3600, catchUp: 'once' });
    const options = { plannedAt: at('2026-06-01T09:10Z'), now: at('2026-06-03T10:00Z'), jitterMs: 5000 };
    assert.deepEqual(decideCatchUp(hourly, options), { plannedAt: at('2026-06-03T09:10Z'), missed: 49 });
    const everyThreeDays = makePolicy({ intervalSec: 3 * 86_400, catchUp: 'once' });
    assert.equal(decideCatchUp(everyThreeDays, options), null);
  });

  it('does nothing for a schedule that skips, has no times, or is off', () => {
    const options = { plannedAt: at('2026-06-01T09:00Z'), now: at('2026-06-01T10:00Z'), jitterMs: 0 };
    assert.equal(decideCatchUp(makePolicy({ intervalSec: 300 }), options), null);
    assert.equal(decideCatchUp({ ...daily, catchUp: 'skip' }, options), null);
    assert.equal(decideCatchUp(makePolicy({ catchUp: 'once' }), options), null);
    assert.equal(decideCatchUp({ ...daily, enabled: false }, options), null);
  });

  it('counts with the jitter', () => {
    const options = { plannedAt: at('2026-06-01T09:00:20Z'), now: at('2026-06-02T09:00:10Z'), jitterMs: 20_000 };
    assert.deepEqual(decideCatchUp(daily, options), { plannedAt: options.plannedAt, missed: 1 });
  });

  it('does not mind a stored time of another schedule', () => {
    const options = { plannedAt: at('2026-06-01T12:00Z'), now: at('2026-06-01T13:00Z'), jitterMs: 0 };
    assert.equal(decideCatchUp(daily, options), null);
  });

  it('stops counting at a hundred', () => {
    const everyMinute = makePolicy({ cron: '* * * * *', timezone: 'UTC' });
    const options = { plannedAt: at('2026-06-01T09:00Z'), now: at('2026-06-05T09:00Z'), jitterMs: 0 };
    assert.deepEqual(decideCatchUp(everyMinute, options), { plannedAt: options.now, missed: 100 });
  });
});

describe('countDue', () => {
  it('counts the times after the first one', () => {
    const policy = makePolicy({ intervalSec: 30 });
    assert.equal(countDue(policy, { plannedAt: 1000, now: 30_999, jitterMs: 0 }), 0);
    assert.equal(countDue(policy, { plannedAt: 1000, now: 31_000, jitterMs: 0 }), 1);
  });
});
