import assert from 'node:assert/strict';
import { insertIssue } from '../../../src/runtime/store/issueTable.ts';
import { findRun, listQueuedRuns, type Settlement } from '../../../src/runtime/store/runTable.ts';
import { listSkips, utcDay } from '../../../src/runtime/store/skipTable.ts';
import { groupUsage, quarterOf, sumUsage } from '../../../src/runtime/store/usageTable.ts';
import { listWakeupsOfRun } from '../../../src/runtime/store/wakeupTable.ts';
import { StateWriter } from '../../../src/runtime/store/stateWriter.ts';
import { WakeQueue, type Admission, type Refusal } from '../../../src/runtime/wakeups/queue.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { makeRequest, WakeFixture } from '../../support/wakeFixture.ts';

const done: Settlement = {
  status: 'succeeded',
  finishedAt: 1,
  exitCode: 0,
  signal: null,
  errorCode: null,
  message: null,
  setback: null,
  stdoutExcerpt: '',
  stderrExcerpt: '',
  logBytes: 0,
};

const where = { commandLine: 'true', cwd: '/' };

describe('WakeQueue', () => {
  it('gives each scope its own run and merges within a scope', async () => {
    await using fixture = await WakeFixture.open();

    const runs = [fixture.ask(), fixture.ask(), fixture.ask({ taskKey: 't' }), fixture.ask({ agent: 'b' })].map(
      ({ runId }) => runId,
    );

    assert.equal(runs[0], runs[1]);
    assert.equal(new Set(runs).size, 3);
  });

  it('claims with everything that waits, and a run only once', async () => {
    await using fixture = await WakeFixture.open();
    const { runId } = fixture.ask({ text: 'one' });
    fixture.ask({ text: 'two' });

    const claimed = fixture.queue.claim(runId ?? '', where);

    assert.deepEqual(
      claimed?.wakeups.map(({ text }) => text),
      ['one', 'two'],
    );
    assert.equal(claimed.run.cursor, claimed.wakeups[1]?.number);
    assert.equal(fixture.queue.claim(runId ?? '', where), null);
  });

  it('ends every wakeup of a run with the outcome of the run', async () => {
    await using fixture = await WakeFixture.open();
    const outcomes = [
      ['succeeded', 'completed'],
      ['failed', 'failed'],
      ['timed_out', 'failed'],
      ['cancelled', 'cancelled'],
    ] as const;
    for (const [status, expected] of outcomes) {
      const { runId } = fixture.ask({ text: 'one' });
      fixture.ask({ text: 'two' });
      fixture.queue.claim(runId ?? '', where);

      fixture.queue.settle(runId ?? '', { ...done, status });

      const wakeups = listWakeupsOfRun(fixture.store, runId ?? '');
      assert.deepEqual(
        wakeups.map((wakeup) => wakeup.status),
        [expected, expected],
      );
      assert.ok(wakeups.every((wakeup) => wakeup.endedAt !== null));
    }
  });

  it('settles once: a second settlement changes nothing and makes no second follow-up', async () => {
    await using fixture = await WakeFixture.open();
    const { runId } = fixture.ask();
    fixture.queue.claim(runId ?? '', where);
    fixture.ask({ text: 'later' });

    fixture.queue.settle(runId ?? '', done);
    fixture.queue.settle(runId ?? '', { ...done, status: 'failed' });

    assert.equal(findRun(fixture.store, runId ?? '')?.status, 'succeeded');
    assert.equal(listQueuedRuns(fixture.store, null, 10).length, 1);
  });

  it('puts what was claimed back into the inbox when the prompt was never delivered', async () => {
    await using fixture = await WakeFixture.open();
    const { runId } = fixture.ask({ text: 'important' });
    fixture.queue.claim(runId ?? '', where);
    fixture.ask({ text: 'later' });

    fixture.queue.settle(runId ?? '', { ...done, status: 'failed' }, false);

    const [follow] = listQueuedRuns(fixture.store, null, 10);
    const claimed = fixture.queue.claim(follow?.id ?? '', where);
    assert.deepEqual(
      claimed?.wakeups.map(({ text }) => text),
      ['important', 'later'],
    );
  });

  it('shows a merged run by its strongest source and most urgent issue', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      const at = { createdAt: 0, updatedAt: 0, location: null, body: '', assignee: null };
      insertIssue(transaction, { id: 'i', number: 1, title: 't', status: 'todo', priority: 'urgent', ...at });
    });
    const { runId } = fixture.ask({ source: 'timer', text: null, taskKey: 't', reason: 'tick' });

    fixture.ask({ source: 'assignment', text: null, taskKey: 't', issueId: 'i', reason: 'assigned' });
    fixture.ask({ source: 'automation', taskKey: 't', reason: 'event' });

    const run = findRun(fixture.store, runId ?? '');
    assert.deepEqual([run?.source, run?.reason, run?.priority], ['assignment', 'assigned', 0]);
  });

  it('orders the queue by priority, then by age', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      const at = { createdAt: 0, updatedAt: 0, location: null, body: '', assignee: null, title: 't' };
      insertIssue(transaction, { id: 'low', number: 1, status: 'todo', priority: 'low', ...at });
      insertIssue(transaction, { id: 'high', number: 2, status: 'todo', priority: 'high', ...at });
    });
    fixture.ask({ issueId: 'low' });
    fixture.ask({ taskKey: 'first' });
    fixture.ask({ taskKey: 'second' });
    fixture.ask({ issueId: 'high' });

    const firstPage = listQueuedRuns(fixture.store, null, 3);
    const rest = listQueuedRuns(fixture.store, firstPage.at(-1) ?? null, 3);

    assert.deepEqual(
      [...firstPage, ...rest].map((run) => run.taskKey),
      ['high', 'first', 'second', 'low'],
    );
  });

  it('refuses with a queued run only what the refusal concerns', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      const at = { createdAt: 0, updatedAt: 0, location: null, body: '', assignee: null, title: 't' };
      insertIssue(transaction, { id: 'closed', number: 1, status: 'done', priority: 'low', ...at });
    });
    const refused = fixture.ask({ taskKey: 't', issueId: 'closed' });
    const other = fixture.ask({ taskKey: 't', text: 'something else' });
    const run = findRun(fixture.store, refused.runId ?? '');
    assert.ok(run);

    fixture.queue.refuseQueued(run, 'issue_closed', 'Not started.');

    assert.equal(findRun(fixture.store, run.id)?.status, 'cancelled');
    const [next] = listQueuedRuns(fixture.store, null, 2);
    assert.ok(next);
    const claimed = fixture.queue.claim(next.id, where);
    assert.deepEqual([claimed?.wakeups.map(({ id }) => id), next.issueId], [[other.wakeupId], null]);
  });

  it('answers an idempotency key for 24 hours, per agent and source', async () => {
    await using fixture = await WakeFixture.open();
    const first = fixture.ask({ idempotencyKey: 'k' });

    assert.equal(fixture.ask({ idempotencyKey: 'k' }).wakeupId, first.wakeupId);
    assert.notEqual(fixture.ask({ idempotencyKey: 'k', source: 'automation' }).wakeupId, first.wakeupId);
    assert.notEqual(fixture.ask({ idempotencyKey: 'k', agent: 'b' }).wakeupId, first.wakeupId);
    fixture.clock.tick(24 * 3_600_000 + 1);
    assert.notEqual(fixture.ask({ idempotencyKey: 'k' }).wakeupId, first.wakeupId);
  });
});

describe('WakeQueue and timers', () => {
  it('leaves no row for a tick that is refused or finds its agent at work, but counts it by agent, reason and day', async () => {
    await using fixture = await WakeFixture.open();
    const tick = { source: 'timer', text: null, taskKey: 't' } as const;
    const { store, state, queue, clock } = fixture;
    const refuse = (refusal: Refusal): Admission =>
      state.commit((transaction) => queue.refuse(transaction, makeRequest(tick), refusal));
    const { runId } = fixture.ask(tick);
    queue.claim(runId ?? '', where);
    const rows = (): unknown =>
      ['run', 'wakeup', 'activity'].map((table) => store.get(`SELECT count(*) FROM ${table}`));
    const before = rows();
    const day = utcDay(clock.now());

    const coalesced = fixture.ask(tick);
    const refused = refuse({ reason: 'timer_while_held', heldFor: 'paused' });
    refuse({ reason: 'timer_while_held', heldFor: 'paused' });
    clock.tick(24 * 3_600_000);
    refuse({ reason: 'source_disabled' });

    assert.deepEqual([coalesced.status, refused.status], ['coalesced', 'refused']);
    assert.deepEqual(rows(), before);
    assert.deepEqual(listSkips(store, 'a', day), [
      { reason: 'paused', skips: 2 },
      { reason: 'coalesced', skips: 1 },
    ]);
    assert.deepEqual(listSkips(store, 'a', day + 1), [{ reason: 'source_disabled', skips: 1 }]);
    assert.deepEqual(listSkips(store, 'b', day), []);
  });

  it('has windows told of a tick that came to nothing', async () => {
    await using fixture = await WakeFixture.open();
    const { store, clock, audit } = fixture;
    const touched: string[] = [];
    const state = new StateWriter(store, ({ agents }) => touched.push(...agents));
    const queue = new WakeQueue({ state, clock, audit });

    state.commit((transaction) =>
      queue.refuse(transaction, makeRequest({ source: 'timer' }), { reason: 'source_disabled' }),
    );

    assert.deepEqual(touched, ['a']);
  });
});

describe('WakeQueue and the roll-up', () => {
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER };

  it('adds each run to the quarter-hour of its end, once, its cost unknown', async () => {
    await using fixture = await WakeFixture.open();
    const { store, queue, clock } = fixture;
    fixture.state.commit((transaction) => {
      insertIssue(transaction, sampleIssue(1));
    });
    const settle = (part: Partial<Settlement>, issueId: string | null): void => {
      const { runId } = fixture.ask({ issueId, taskKey: 't' });
      queue.claim(runId ?? '', where);
      clock.tick(90_000);
      queue.settle(runId ?? '', { ...done, finishedAt: clock.now(), ...part });
      queue.settle(runId ?? '', { ...done, finishedAt: clock.now(), ...part });
    };
    settle({}, null);
    settle({ status: 'failed' }, 'issue-1');
    settle({ status: 'timed_out' }, 'issue-1');
    settle({ status: 'cancelled' }, 'issue-1');

    const groups = groupUsage(store, all, 'issue').map(({ key, usage }) => [
      key,
      usage.runs,
      usage.failedRuns,
      usage.runMs,
    ]);
    assert.deepEqual(groups, [
      ['', 1, 0, 90_000],
      ['issue-1', 3, 2, 270_000],
    ]);
    assert.equal(sumUsage(store, all).runsWithoutCost, 4);
    settle({ status: 'failed', usage: { models: [], turns: null } }, null);
    const { runs, runsWithoutCost } = sumUsage(store, all);
    assert.deepEqual([runs, runsWithoutCost], [5, 4], 'what used nothing has a cost that is known');
    const quarter = quarterOf(clock.now());
    assert.equal(sumUsage(store, { from: quarter, to: quarter + 1 }).runs, 5);
  });

  it('counts no run that was never started, and no time of one that was lost', async () => {
    await using fixture = await WakeFixture.open();
    const { store, queue, clock } = fixture;
    queue.discard(fixture.ask({ taskKey: '1' }).runId ?? '', 'not wanted');
    const returned = fixture.ask({ taskKey: '2' }).runId ?? '';
    queue.claim(returned, where);
    queue.settle(returned, { ...done, status: 'failed', errorCode: 'process_lost' }, false);
    assert.equal(sumUsage(store, all).runs, 0);

    const lost = fixture.ask({ taskKey: '3' }).runId ?? '';
    queue.claim(lost, where);
    clock.tick(8 * 3_600_000);
    queue.settle(lost, { ...done, status: 'failed', errorCode: 'process_lost', finishedAt: clock.now() });

    const { runs, failedRuns, runMs } = sumUsage(store, all);
    assert.deepEqual([runs, failedRuns, runMs], [1, 1, 0]);
  });
});
