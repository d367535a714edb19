import assert from 'node:assert/strict';
import type { NamedHeartbeat } from '../../src/runtime/model.ts';
import { namedScheduleId, namedSchedules } from '../../src/runtime/namedSchedules.ts';
import { makeDefinition } from '../support/policies.ts';

const review: NamedHeartbeat = { name: 'review', cron: '15 * * * *', timezone: 'UTC', catchUp: 'once', goal: 'Review' };
const agent = (key: string, ...namedHeartbeats: NamedHeartbeat[]) => ({
  key,
  definition: makeDefinition('/', { key, namedHeartbeats }),
});

describe('Named schedules', () => {
  it('are others as soon as their times or what is made up for differ, but not for another goal', () => {
    const others: Partial<NamedHeartbeat>[] = [
      { name: 'other' },
      { cron: '16 * * * *' },
      { timezone: null },
      { catchUp: 'skip' },
    ];
    const ids = [review, ...others.map((part) => ({ ...review, ...part }))].map(namedScheduleId);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(namedScheduleId({ ...review, goal: 'Another' }), namedScheduleId(review));
    assert.ok(
      ids.every((id) => !/^[A-Za-z0-9_-]+$/.test(id)),
      'no agent has such a key',
    );
  });

  it('have the agents that accepted the same one, each with its own goal', () => {
    const denser = { ...review, cron: '* * * * *' };
    const found = namedSchedules([
      agent('a', review),
      agent('b', denser),
      agent('c', { ...review, goal: 'Look' }),
      agent('d'),
    ]);
    assert.deepEqual(
      found.map(({ name, schedule, members }) => [name, schedule.cron, schedule.enabled, members]),
      [
        [
          'review',
          '15 * * * *',
          true,
          [
            { agent: 'a', goal: 'Review' },
            { agent: 'c', goal: 'Look' },
          ],
        ],
        ['review', '* * * * *', true, [{ agent: 'b', goal: 'Review' }]],
      ],
    );
  });
});
