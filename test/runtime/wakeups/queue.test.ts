import assert from 'node:assert/strict';
import { insertIssue } from '../../../src/runtime/store/issueTable.ts';
import { findRun, listQueuedRuns, type Settlement } from '../../../src/runtime/store/runTable.ts';
import { listWakeupsOfRun } from '../../../src/runtime/store/wakeupTable.ts';
import { makeRequest, WakeFixture } from '../../support/wakeFixture.ts';

const done: Settlement = {
  status: 'succeeded',
  finishedAt: 1,
  exitCode: 0,
  signal: null,
  errorCode: null,
  message: null,
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
  it('leaves no row for a tick that is refused or finds its agent at work', async () => {
    await using fixture = await WakeFixture.open();
    const tick = { source: 'timer', text: null, taskKey: 't' } as const;
    const { runId } = fixture.ask(tick);
    fixture.queue.claim(runId ?? '', where);
    const before = fixture.store.sequence;

    const coalesced = fixture.ask(tick);
    const refused = fixture.state.commit((transaction) =>
      fixture.queue.refuse(transaction, makeRequest(tick), 'timer_while_held'),
    );

    assert.deepEqual([coalesced.status, refused.status], ['coalesced', 'refused']);
    assert.equal(fixture.store.sequence, before);
  });
});
