import assert from 'node:assert/strict';
import { TestRuntime } from '../support/openTestRuntime.ts';

const counting = `
agents:
  counting: { adapter: process, command: sh, args: [-c, 'echo run $REVEILLE_SESSION_RUN'], shareCwd: true }
`;

describe('Sessions', function () {
  this.timeout(60_000);

  it('are one for all wakes without a task, and a reset by any of their names forgets it', async () => {
    await using runtime = await TestRuntime.open({ configuration: counting });
    const { connection } = runtime;
    const logOf = async (taskKey?: string): Promise<string> => {
      const runId = await runtime.wake('counting', { text: 'x', ...(taskKey !== undefined && { taskKey }) });
      await runtime.settled(runId);
      return runtime.readLog(runId);
    };
    // A person may give the name of a scope that other sources have.
    const logs = [await logOf(), await logOf('schedule:counting'), await logOf('automation'), await logOf('release')];

    assert.deepEqual(logs, ['run 1\n', 'run 2\n', 'run 3\n', 'run 1\n']);
    const { sessions, total } = await connection.request('session.list', { agent: 'counting' });
    assert.deepEqual(
      [total, ...sessions.map(({ taskKey, runs }) => `${taskKey} ${String(runs)}`).sort()],
      [2, 'release 1', 'unscoped 3'],
    );

    assert.deepEqual(await connection.request('session.reset', { agent: 'counting', taskKey: 'on_demand' }), {
      count: 1,
    });
    assert.equal(await logOf(), 'run 1\n');
    assert.deepEqual(await connection.request('session.reset', { agent: 'counting', taskKey: 'unscoped' }), {
      count: 1,
    });
  });
});
