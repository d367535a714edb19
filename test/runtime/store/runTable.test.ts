import assert from 'node:assert/strict';
import { insertQueuedRun, listActiveRuns, markRunStarted } from '../../../src/runtime/store/runTable.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

describe('listActiveRuns', () => {
  it('has all that is running, and of what is queued only what may start first', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      for (let number = 1; number <= 6; number += 1) {
        const scope = { agent: 'a', taskKey: String(number), issueId: null, source: 'on_demand', reason: 'r' } as const;
        insertQueuedRun(transaction, {
          ...scope,
          id: String(number),
          number,
          priority: number > 4 ? 0 : 2,
          queuedAt: 0,
        });
      }
      for (const id of ['1', '4'])
        markRunStarted(transaction, id, { at: 1, cursor: 1, commandLine: '', cwd: '', adapter: 'process' });
    });

    assert.deepEqual(
      listActiveRuns(fixture.store, 3).map(({ id }) => id),
      ['1', '4', '5', '6', '2'],
    );
  });
});
