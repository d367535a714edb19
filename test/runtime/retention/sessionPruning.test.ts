import assert from 'node:assert/strict';
import { insertQueuedRun, markRunStarted, nextRunNumber } from '../../../src/runtime/store/runTable.ts';
import { countSessionRun, listSessions, takeSession } from '../../../src/runtime/store/sessionTable.ts';
import { Pruning } from '../../support/pruning.ts';

describe('Pruner of sessions', () => {
  let pruning: Pruning;
  beforeEach(async () => {
    pruning = await Pruning.open();
  });
  afterEach(() => pruning.close());

  function addSession(agent: string, taskKey: string, { usedAt, runId }: { usedAt: number; runId: string }): void {
    pruning.fixture.state.commit((transaction) => {
      const key = { agent, taskKey, adapter: 'process' };
      takeSession(transaction, key, { runId, at: usedAt, isFresh: false });
      countSessionRun(transaction, key, usedAt);
    });
  }

  function left(): string[] {
    return listSessions(pruning.fixture.store, { limit: 5000 })
      .map(({ agent, taskKey }) => `${agent} ${taskKey}`)
      .sort();
  }

  it('removes those that nobody has used for as long as runs are kept, in slices, and never one that a run has', async () => {
    const { store, state } = pruning.fixture;
    state.commit((transaction) => {
      const run = { id: 'busy', number: nextRunNumber(store), agent: 'a', taskKey: 'busy', issueId: null } as const;
      insertQueuedRun(transaction, { ...run, source: 'on_demand', reason: 'r', priority: 2, queuedAt: 0 });
      const start = { at: pruning.daysAgo(100), cursor: 0, commandLine: '', cwd: '/', adapter: 'process' };
      markRunStarted(transaction, 'busy', start);
    });
    addSession('a', 'busy', { usedAt: pruning.daysAgo(100), runId: 'busy' });
    addSession('a', 'new', { usedAt: pruning.daysAgo(89), runId: 'gone' });
    for (let index = 0; index < 1200; index += 1) {
      addSession('a', `old ${String(index)}`, { usedAt: pruning.daysAgo(91), runId: 'gone' });
    }

    await pruning.prune({ runDays: 90 });

    assert.deepEqual(left(), ['a busy', 'a new']);
  });

  it('removes those of agents that are gone, and else nothing where runs are kept without limit', async () => {
    addSession('a', 'T', { usedAt: pruning.daysAgo(1000), runId: 'gone' });
    addSession('nobody', 'T', { usedAt: pruning.daysAgo(1), runId: 'gone' });

    await pruning.prune({ runDays: 0 });

    assert.deepEqual(left(), ['a T']);
  });
});
