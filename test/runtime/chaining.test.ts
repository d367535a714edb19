import assert from 'node:assert/strict';
import { letGo } from '../support/gatedAgent.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const program = `adapter: process, command: sh, args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; cat'], shareCwd: true, timeoutSec: 0, heartbeat: { maxConcurrentRuns: 9 }`;
const configuration = `agents:\n  one: { ${program} }\n  two: { ${program} }\n`;

describe('The queue', function () {
  this.timeout(60_000);

  it('goes on to the next run of whatever agent when one ends, by no timer, in order of priority and then of age', async () => {
    // Nothing falls due: this clock stands still.
    await using runtime = await TestRuntime.open({ configuration, slots: 1, clock: new ManualClock() });
    const { connection } = runtime;
    const now = await runtime.wake('one', { taskKey: 'now' });
    await runtime.until(({ runs }) => runs.get(now)?.status === 'running');
    const queue: string[] = [];
    for (const [assignee, priority] of [
      ['one', 'low'],
      ['two', 'medium'],
      ['one', 'medium'],
      ['two', 'urgent'],
    ] as const) {
      const { issue, wake } = await connection.request('issue.create', { title: 'x', assignee, priority });
      queue.push(wake?.runId ?? '');
      letGo(runtime, issue.id);
    }
    const [low = '', second = '', third = '', urgent = ''] = queue;
    const startOrder: string[] = [];
    const follow = connection.onDidChange(() => {
      for (const { id, status } of runtime.state.runs.values()) {
        if (status === 'running' && id !== now && !startOrder.includes(id)) startOrder.push(id);
      }
    });
    letGo(runtime, 'now');
    for (const runId of queue) await runtime.settled(runId);
    follow.dispose();

    assert.deepEqual(startOrder, [urgent, second, third, low]);
  });

  it('says of a run what stands before it, though that came later', async () => {
    await using runtime = await TestRuntime.open({ configuration, slots: 1 });
    const { connection } = runtime;
    await runtime.wake('one', { taskKey: 'now' });
    const low = await connection.request('issue.create', { title: 'x', assignee: 'two', priority: 'low' });
    for (const priority of ['medium', 'urgent'] as const) {
      await connection.request('issue.create', { title: 'x', assignee: 'one', priority });
    }

    const { now } = await connection.request('agent.explain', { agent: 'two', limit: 1 });

    assert.ok(now.kind === 'queued');
    assert.deepEqual([now.runId, now.ahead], [low.wake?.runId, { runs: 2, agent: 'one', number: 4 }]);
  });
});
