import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fakeCodexAgents } from '../support/fakeCodex.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';

const counting = `
agents:
  counting: { adapter: process, command: sh, args: [-c, 'echo run $REVEILLE_SESSION_RUN'], shareCwd: true }
`;

const tells = 'echo "{\\"reveille\\":\\"session\\",\\"id\\":\\"${REVEILLE_SESSION:-of-$REVEILLE_RUN_ID}\\"}"';
const talking = `
agents:
  talking: { adapter: process, protocol: jsonl, command: sh, args: [-c, ${JSON.stringify(tells)}] }
  stuck:
    adapter: process
    protocol: jsonl
    command: sh
    args: [-c, ${JSON.stringify(`${tells}; exit 3`)}]
    loopBreaker: { failures: 2 }
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

  it('are kept under the task key, else the task, else the issue, and told with the title of the issue', async () => {
    await using runtime = await TestRuntime.open({ configuration: counting });
    const { connection } = runtime;
    const { issue } = await connection.request('issue.create', { title: 'Mend it' });
    const { id: issueId, number } = issue;
    for (const part of [
      { taskKey: 'K', taskId: 'T', issueId },
      { taskId: 'T', issueId },
      { taskId: 'T' },
      { issueId },
    ]) {
      await runtime.settled(await runtime.wake('counting', { text: 'x', ...part }));
    }

    const { sessions } = await connection.request('session.list', {});
    assert.deepEqual(
      sessions.map(({ taskKey, runs, issue }) => [taskKey, runs, issue]).sort(),
      [
        ['K', 1, null],
        ['T', 2, null],
        [issueId, 1, { id: issueId, number, title: 'Mend it', status: 'in_review' }],
      ].sort(),
    );
    assert.ok(sessions.every(({ createdAt, updatedAt }) => createdAt > 0 && updatedAt >= createdAt));
  });

  it('begin anew with a wake that asks for it, which queue and account tell', async () => {
    await using runtime = await TestRuntime.open({ configuration: counting });
    const { connection } = runtime;
    const agent = 'counting';
    await runtime.settled(await runtime.wake(agent, { text: 'x' }));
    await connection.request('agent.pause', { agent });
    const runId = await runtime.wake(agent, { isFresh: true });
    await runtime.wake(agent, { text: 'and this' });
    const { entries } = await connection.request('queue.list', { limit: 10 });
    assert.deepEqual(
      entries.map(({ wakeups, isFresh }) => [wakeups, isFresh]),
      [[2, true]],
    );

    await connection.request('agent.resume', { agent });
    await runtime.settled(runId);

    assert.match(
      await runtime.readLog(runId),
      /^\n?\[Reveille counts the runs of its session from 1 again: as was asked for\]\n(\n)?run 1\n$/,
    );
    const why = await connection.request('agent.explain', { agent, limit: 20 });
    assert.deepEqual(
      why.entries.flatMap((entry) => (entry.kind === 'wakeup' ? [entry.isFresh] : [])),
      [false, true, false],
    );
    assert.equal((await connection.request('queue.list', { limit: 10 })).entries.length, 0);
  });

  it('are reset in one window, which another sees at once', async () => {
    await using runtime = await TestRuntime.open({ configuration: talking });
    const { connection } = runtime;
    const agent = 'talking';
    await runtime.settled(await runtime.wake(agent, { taskKey: 'T' }));
    const other = runtime.connect({ kind: 'window', isTrusted: true });
    try {
      assert.equal((await other.request('session.list', { agent })).total, 1);
      const shown = other.state?.agents.get(agent);
      const seen = new Promise<void>((resolve) => {
        other.onDidChange(() => {
          if (other.state?.agents.get(agent) !== shown) resolve();
        });
      });

      await connection.request('session.reset', { agent, taskKey: 'T' });
      await seen;

      assert.equal((await other.request('session.list', { agent })).total, 0);
    } finally {
      other.dispose();
    }
  });

  it('tell people, and no agent, with which program and in what place of its own a conversation can be continued', async () => {
    using home = makeTemporaryFolder();
    const configuration = fakeCodexAgents(home.path).replace('env: {', 'env: { OTHER: plain, TOKEN: { secret: KEY },');
    await using runtime = await TestRuntime.open({ configuration });
    const { connection } = runtime;
    await connection.request('secrets.offer', { values: { KEY: 'open sesame' } });
    const runId = await runtime.wake('codex', { text: 'replay:ended' });
    await runtime.settled(runId);

    const { sessions } = await connection.request('session.list', {});
    const program = join(import.meta.dirname, '../fixtures/agents/fakeCodex.mjs');
    assert.deepEqual(
      sessions.map(({ continuation }) => continuation),
      [{ program, env: { CODEX_HOME: home.path } }],
    );
    const working = await runtime.wake('codex', { text: 'replay:killed-in-shell' });
    await poll(() => runtime.state.runs.get(working)?.sessionId !== null, 'it works');
    const agent = runtime.connect({ kind: 'cli', isTrusted: true, runId: working });
    const seen = await agent.request('session.list', {});
    assert.deepEqual(
      seen.sessions.map(({ continuation }) => continuation),
      [null],
    );
    agent.dispose();
    await connection.request('run.cancel', { runId: working });
    await runtime.settled(working);
  });

  it('are forgotten where an agent that stopped itself is resumed afresh', async () => {
    await using runtime = await TestRuntime.open({ configuration: talking });
    const { connection } = runtime;
    const agent = 'stuck';
    const first = await runtime.settled(await runtime.wake(agent, { taskKey: 'T' }));
    const second = await runtime.settled(await runtime.wake(agent, { taskKey: 'T' }));
    assert.deepEqual([first.status, second.sessionId], ['failed', first.sessionId]);
    assert.equal(runtime.state.agents.get(agent)?.isTripped, true);

    // What Reset Session and Resume Agent asks for.
    await connection.request('session.reset', { agent });
    await connection.request('agent.resume', { agent });
    const third = await runtime.settled(await runtime.wake(agent, { taskKey: 'T' }));

    assert.equal(third.sessionId, `of-${third.id}`);
  });
});
