import assert from 'node:assert/strict';
import { gated, letGo } from '../support/gatedAgent.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

/** One slot, which a run of the task `now` has; the tasks given wait behind it. */
async function openQueue(taskKeys: readonly string[]): Promise<{ runtime: TestRuntime; runs: Record<string, string> }> {
  const runtime = await TestRuntime.open({ configuration: gated, slots: 1 });
  const runs: Record<string, string> = { now: await runtime.wake('gated', { taskKey: 'now' }) };
  await runtime.until((state) => state.runs.get(runs['now'] ?? '')?.status === 'running');
  for (const taskKey of taskKeys) runs[taskKey] = await runtime.wake('gated', { taskKey });
  return { runtime, runs };
}

async function orderOf({ connection }: TestRuntime): Promise<string> {
  const { entries } = await connection.request('queue.list', { limit: 100 });
  return entries.map(({ run }) => run.taskKey).join(' ');
}

/** The tasks in the order in which their runs started. */
const startedOf = ({ state }: TestRuntime): string =>
  [...state.runs.values()]
    .filter(({ startedAt }) => startedAt !== null)
    .sort((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0))
    .map(({ taskKey }) => taskKey)
    .join(' ');

describe('The queue', function () {
  this.timeout(60_000);

  it('starts runs in the order into which a person has brought them, also after a restart', async () => {
    const { runtime, runs } = await openQueue(['a', 'b', 'c', 'd']);
    await using _runtime = runtime;
    const { connection } = runtime;
    assert.equal(await orderOf(runtime), 'a b c d');

    assert.deepEqual(await connection.request('queue.move', { runId: runs['d'] ?? '', to: 'first' }), {
      isMoved: true,
    });
    assert.deepEqual(await connection.request('queue.move', { runId: runs['c'] ?? '', to: 'up' }), { isMoved: true });
    assert.deepEqual(await connection.request('queue.move', { runId: runs['d'] ?? '', to: 'up' }), { isMoved: false });
    assert.equal(await orderOf(runtime), 'd a c b');
    await runtime.restart();

    const queued = [...runtime.state.runs.values()].filter(({ status }) => status !== 'cancelled');
    for (const taskKey of 'abcd') letGo(runtime, taskKey);
    await runtime.until((state) => queued.every(({ id }) => (state.runs.get(id)?.finishedAt ?? null) !== null));
    assert.equal(startedOf(runtime), 'now d a c b');
    const { entries } = await connection.request('activity.list', { limit: 200 });
    assert.deepEqual(
      entries.filter(({ action }) => action === 'run.moved').map(({ actor, details }) => [actor, details['to']]),
      [
        ['user:window', 'up'],
        ['user:window', 'first'],
      ],
    );
  });

  it('walks by pages, and says what waits behind a running run', async () => {
    const { runtime, runs } = await openQueue(['a', 'b', 'c']);
    await using _runtime = runtime;
    await runtime.wake('gated', { taskKey: 'now', text: 'and this' });

    const first = await runtime.connection.request('queue.list', { limit: 2 });
    const last = first.entries[1]?.run;
    assert.ok(last);
    const second = await runtime.connection.request('queue.list', { after: last, limit: 2 });

    assert.deepEqual(
      first.behind.map(({ run, wakeups, messages }) => [run.id, wakeups, messages]),
      [[runs['now'], 1, 1]],
    );
    assert.deepEqual([first.entries.length, first.hasMore, first.entries[0]?.run.heldFor], [2, true, 'slots_busy']);
    assert.deepEqual([second.entries.map(({ run }) => run.taskKey), second.hasMore, second.behind], [['c'], false, []]);
  });

  it('discards a run with its wakes, but no message that its reader was not told of', async () => {
    const { runtime, runs } = await openQueue(['a', 'b']);
    await using _runtime = runtime;
    const { connection } = runtime;
    await runtime.wake('gated', { taskKey: 'a', text: 'mind the gap' });
    const runId = runs['a'] ?? '';

    await assert.rejects(connection.request('queue.discard', { runId }), /a message in it/);
    const { messages, wakeups } = await connection.request('queue.inspect', { runId });
    assert.deepEqual([messages, wakeups], [1, 2]);
    await connection.request('queue.discard', { runId, messages });
    await connection.request('queue.discard', { runId: runs['b'] ?? '' });

    assert.equal(await orderOf(runtime), '');
    assert.equal(runtime.state.runs.get(runId)?.status, 'cancelled');
    const { entries } = await connection.request('agent.explain', { agent: 'gated', limit: 50 });
    const ends = entries.filter((entry) => entry.kind === 'wakeup' && entry.runId === runId);
    assert.deepEqual(
      ends.map((entry) => entry.kind === 'wakeup' && [entry.status, entry.statusReason]),
      [
        ['cancelled', 'cancelled_by_user'],
        ['cancelled', 'cancelled_by_user'],
      ],
    );
  });

  it('refuses to move or discard what has just started or ended, and leaves it alone', async () => {
    const { runtime, runs } = await openQueue([]);
    await using _runtime = runtime;
    const { connection } = runtime;
    const runId = runs['now'] ?? '';

    await assert.rejects(connection.request('queue.discard', { runId }), /has started meanwhile/);
    await assert.rejects(connection.request('queue.move', { runId, to: 'first' }), /has started meanwhile/);
    await assert.rejects(connection.request('queue.runNow', { runId }), /has started meanwhile/);
    assert.equal(runtime.state.runs.get(runId)?.status, 'running');
    letGo(runtime, 'now');
    await runtime.settled(runId);
    await assert.rejects(connection.request('queue.discard', { runId }), /has ended/);
    await assert.rejects(connection.request('queue.inspect', { runId: 'nothing' }), /not in the history/);
  });

  it('runs one now: before all others, but not before a slot is free', async () => {
    const { runtime, runs } = await openQueue(['a', 'b']);
    await using _runtime = runtime;
    const outcome = await runtime.connection.request('queue.runNow', { runId: runs['b'] ?? '' });

    assert.equal(outcome.runId, runs['b']);
    assert.match(outcome.message, /queued: all slots are taken/);
    assert.equal(await orderOf(runtime), 'b a');
  });

  it('takes a run that it runs now for one that a person asked for, which quiet hours and idleness do not hold', async () => {
    const { runtime } = await openQueue([]);
    await using _runtime = runtime;
    const asked = { title: 'Mend it', assignee: 'gated' };
    const { wake } = await runtime.connection.request('issue.create', asked);
    const runId = wake?.runId ?? '';
    assert.equal(runtime.state.runs.get(runId)?.source, 'assignment');

    await runtime.connection.request('queue.runNow', { runId });

    await runtime.until((state) => state.runs.get(runId)?.source === 'on_demand');
    assert.match(runtime.state.runs.get(runId)?.reason ?? '', /^Run now: Assigned issue #1: Mend it/);
  });

  it('runs nothing now that is held, and says why', async () => {
    const { runtime, runs } = await openQueue(['a']);
    await using _runtime = runtime;
    await runtime.connection.request('agent.pause', { agent: 'gated' });
    letGo(runtime, 'now');
    await runtime.settled(runs['now'] ?? '');

    const { message } = await runtime.connection.request('queue.runNow', { runId: runs['a'] ?? '' });

    assert.match(message, /the agent is paused/);
    assert.equal(runtime.state.runs.get(runs['a'] ?? '')?.status, 'queued');
  });

  it('lets untrusted windows look and discard, and change nothing that starts', async () => {
    const { runtime, runs } = await openQueue(['a']);
    await using _runtime = runtime;
    const stranger = runtime.connect({ kind: 'window', isTrusted: false });
    try {
      const runId = runs['a'] ?? '';
      await assert.rejects(stranger.request('queue.move', { runId, to: 'up' }), /not trusted/);
      await assert.rejects(stranger.request('queue.runNow', { runId }), /not trusted/);
      assert.equal((await stranger.request('queue.list', { limit: 5 })).entries.length, 1);
      await stranger.request('queue.discard', { runId });
    } finally {
      stranger.dispose();
    }
  });
});
