import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StopFlag } from '../../src/endpoint/stopFlag.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const echo = `
agents:
  echo:
    adapter: process
    command: sh
    args: [-c, 'cat']
    shareCwd: true
`;

/** Works until a file of its task appears in the workspace; then prints what it was told. */
const gated = `
agents:
  gated:
    adapter: process
    command: sh
    args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; rm "go-$REVEILLE_TASK_KEY"; cat']
    shareCwd: true
    heartbeat: { maxConcurrentRuns: 4 }
`;

function letGo(runtime: TestRuntime, taskKey: string): void {
  writeFileSync(join(runtime.folder.path, `go-${taskKey}`), '');
}

describe('Runtime', function () {
  this.timeout(60_000);

  it('takes a wake through to a settled run with its whole log and record', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });

    const runId = await runtime.wake('echo', { text: 'tell me ä🎺' });

    const run = await runtime.settled(runId);
    assert.equal(run.status, 'succeeded');
    assert.equal(run.exitCode, 0);
    const detail = await runtime.connection.request('run.get', { runId });
    assert.match(detail.stdoutExcerpt, /tell me ä🎺/);
    assert.equal(detail.commandLine, 'sh -c cat');
    assert.match(await runtime.readLog(runId), /- on demand: Woken by hand[\s\S]*tell me ä🎺/);
    assert.equal(run.logBytes, Buffer.byteLength(await runtime.readLog(runId)));
    assert.equal(runtime.state.agents.get('echo')?.lastRunStatus, 'succeeded');
  });

  it('delivers everything that arrives during a run in one follow-up run', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const first = await runtime.wake('gated', { taskKey: 'a', text: 'one' });
    await runtime.until((state) => state.runs.get(first)?.status === 'running');

    await runtime.wake('gated', { taskKey: 'a', text: 'two' });
    await runtime.wake('gated', { taskKey: 'a', text: 'three' });
    letGo(runtime, 'a');
    await runtime.settled(first);
    await runtime.until((state) =>
      [...state.runs.values()].some((run) => run.id !== first && run.status === 'running'),
    );
    letGo(runtime, 'a');
    await runtime.until((state) => [...state.runs.values()].every((run) => run.finishedAt !== null));

    const [follow, ...others] = [...runtime.state.runs.values()].filter((run) => run.id !== first);
    assert.equal(others.length, 0);
    assert.doesNotMatch(await runtime.readLog(first), /two/);
    assert.match(await runtime.readLog(follow?.id ?? ''), /two[\s\S]*three/);
  });

  it('drops a bare ping while a run of its scope works', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const first = await runtime.wake('gated', { taskKey: 'a' });
    await runtime.until((state) => state.runs.get(first)?.status === 'running');

    const ping = await runtime.connection.request('agent.wake', { agent: 'gated', taskKey: 'a' });
    letGo(runtime, 'a');
    await runtime.settled(first);

    assert.equal(ping.status, 'coalesced');
    assert.equal(runtime.state.runs.size, 1);
  });

  it('merges wakes of one scope into its queued run and keeps every text', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated, slots: 1 });
    const blocker = await runtime.wake('gated', { taskKey: 'a' });
    await runtime.until((state) => state.runs.get(blocker)?.status === 'running');

    const second = await runtime.wake('gated', { taskKey: 'b', text: 'first word' });
    const merged = await runtime.wake('gated', { taskKey: 'b', text: 'second word' });
    assert.equal(merged, second);
    await runtime.until((state) => state.runs.get(second)?.heldFor === 'slots_busy');
    letGo(runtime, 'a');
    letGo(runtime, 'b');

    await runtime.settled(second);
    assert.match(await runtime.readLog(second), /first word[\s\S]*second word/);
  });

  it('never exceeds the slots, nor runs a scope twice at a time', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated, slots: 2 });
    const runs: string[] = [];
    for (const taskKey of ['a', 'b', 'c', 'd']) runs.push(await runtime.wake('gated', { taskKey, text: taskKey }));
    await runtime.until((state) => [...state.runs.values()].filter((run) => run.status === 'running').length === 2);
    let most = 0;
    runtime.connection.onDidChange(() => {
      const running = [...runtime.state.runs.values()].filter((run) => run.status === 'running');
      most = Math.max(most, running.length);
    });

    for (const taskKey of ['a', 'b', 'c', 'd']) letGo(runtime, taskKey);
    for (const runId of runs) await runtime.settled(runId);

    assert.equal(most, 2);
  });

  it('lets one run at a time work in a directory that is not shared', async () => {
    const configuration = gated.replace('    shareCwd: true\n', '');
    await using runtime = await TestRuntime.open({ configuration });
    const first = await runtime.wake('gated', { taskKey: 'a' });
    const second = await runtime.wake('gated', { taskKey: 'b' });

    await runtime.until((state) => state.runs.get(second)?.heldFor === 'cwd_busy');
    letGo(runtime, 'a');
    letGo(runtime, 'b');

    await runtime.settled(first);
    assert.equal((await runtime.settled(second)).status, 'succeeded');
  });

  it('keeps a schedule: a heartbeat comes by itself and the next one is announced', async () => {
    const configuration = `${echo}    heartbeat: { intervalSec: 30 }\n`;
    await using runtime = await TestRuntime.open({ configuration });

    await runtime.until((state) => (state.agents.get('echo')?.nextHeartbeatAt ?? 0) > Date.now());
    const planned = runtime.state.agents.get('echo')?.nextHeartbeatAt ?? 0;
    await runtime.restart();

    assert.equal(runtime.state.agents.get('echo')?.nextHeartbeatAt, planned);
  });

  it('makes up for a missed cron heartbeat once somebody trusted is there', async () => {
    const configuration = `${echo}    heartbeat: '0 * * * *'\n`;
    await using runtime = await TestRuntime.open({ configuration });
    await runtime.until((state) => state.agents.get('echo')?.nextHeartbeatAt !== null);

    await runtime.restart({ missedHeartbeatAt: Date.now() - 2 * 3_600_000 });

    await runtime.until((state) => [...state.runs.values()].some((run) => run.source === 'timer'), 40_000);
    const [run] = [...runtime.state.runs.values()];
    assert.match(run?.reason ?? '', /missed/);
  });

  it('cancels a running run and a queued one, each settled once', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated, slots: 1 });
    const running = await runtime.wake('gated', { taskKey: 'a' });
    const queued = await runtime.wake('gated', { taskKey: 'b' });
    await runtime.until((state) => state.runs.get(running)?.status === 'running');

    await runtime.connection.request('run.cancel', { runId: queued });
    await runtime.connection.request('run.cancel', { runId: running });
    await runtime.connection.request('run.cancel', { runId: running });

    const ends = [await runtime.settled(running), await runtime.settled(queued)];
    assert.deepEqual(
      ends.map((run) => [run.status, run.errorCode]),
      [
        ['cancelled', 'cancelled_by_user'],
        ['cancelled', 'cancelled_by_user'],
      ],
    );
    assert.equal(runtime.state.runs.size, 2);
  });

  it('stops everything at once, holds what comes, and goes on after the release', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const running = await runtime.wake('gated', { taskKey: 'a' });
    await runtime.until((state) => state.runs.get(running)?.status === 'running');

    const { cancelled } = await runtime.connection.request('everything.stop', { reason: 'enough' });
    assert.equal(cancelled, 1);
    assert.equal((await runtime.settled(running)).errorCode, 'cancelled_by_stop');
    const held = await runtime.wake('gated', { taskKey: 'b', text: 'x' });
    await runtime.until((state) => state.runtime.isStopped && state.runs.get(held)?.heldFor === 'stopped');
    await runtime.restart();
    assert.equal(runtime.state.runs.get(held)?.status, 'queued');

    letGo(runtime, 'b');
    await runtime.connection.request('everything.release', {});

    assert.equal((await runtime.settled(held)).status, 'succeeded');
  });

  it('notices Stop Everything of another folder', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const running = await runtime.wake('gated', { taskKey: 'a' });
    await runtime.until((state) => state.runs.get(running)?.status === 'running');

    new StopFlag(runtime.stateDirectory).set('elsewhere', 1);

    assert.equal((await runtime.settled(running)).status, 'cancelled');
  });

  it('pauses and resumes: a wake in between waits with its reason', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    await runtime.connection.request('agent.pause', { agent: 'echo', reason: 'lunch' });
    assert.equal(runtime.state.agents.get('echo')?.statusReason, 'lunch');
    const held = await runtime.wake('echo', { text: 'x' });
    await runtime.until((state) => state.runs.get(held)?.heldFor === 'paused');

    await runtime.connection.request('agent.resume', { agent: 'echo' });

    assert.equal((await runtime.settled(held)).status, 'succeeded');
  });

  it('answers a repeated idempotency key with the first wake', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    const first = await runtime.connection.request('agent.wake', { agent: 'echo', text: 'x', idempotencyKey: 'k' });
    await runtime.settled(first.runId ?? '');

    const second = await runtime.connection.request('agent.wake', { agent: 'echo', text: 'x', idempotencyKey: 'k' });

    assert.equal(second.wakeupId, first.wakeupId);
    assert.equal(runtime.state.runs.size, 1);
  });

  it('refuses a wake that the configuration switches off', async () => {
    const configuration = `${echo}    heartbeat: { wakeOnOnDemand: false }\n`;
    await using runtime = await TestRuntime.open({ configuration });

    const outcome = await runtime.connection.request('agent.wake', { agent: 'echo', text: 'x' });

    assert.equal(outcome.status, 'refused');
    assert.equal(runtime.state.runs.size, 0);
  });

  it('makes an agent absent while the file lacks it, and has it back as it was', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    await runtime.connection.request('agent.pause', { agent: 'echo', reason: 'lunch' });
    runtime.writeConfiguration('agents: {}\n');
    await runtime.connection.request('configuration.reload', {});
    await runtime.until((state) => state.agents.get('echo')?.status === 'absent');

    runtime.writeConfiguration(echo);
    await runtime.connection.request('configuration.reload', {});

    await runtime.until((state) => state.agents.get('echo')?.status === 'paused');
    assert.equal(runtime.state.agents.get('echo')?.statusReason, 'lunch');
  });

  it('goes on with queued runs after a restart and keeps history', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    const done = await runtime.wake('echo', { text: 'before' });
    await runtime.settled(done);
    await runtime.connection.request('agent.pause', { agent: 'echo' });
    const queued = await runtime.wake('echo', { text: 'across the restart' });

    await runtime.restart();
    await runtime.connection.request('agent.resume', { agent: 'echo' });

    await runtime.settled(queued);
    assert.match(await runtime.readLog(queued), /across the restart/);
    assert.match(await runtime.readLog(done), /before/);
  });

  it('counts sessions per agent and task, tells the program, and forgets them on reset', async () => {
    const configuration = echo.replace("'cat'", "'echo run $REVEILLE_SESSION_RUN'");
    await using runtime = await TestRuntime.open({ configuration });
    for (const taskKey of ['a', 'a', 'b']) await runtime.settled(await runtime.wake('echo', { taskKey, text: 'x' }));
    const { sessions } = await runtime.connection.request('session.list', { agent: 'echo' });
    assert.deepEqual(sessions.map(({ taskKey, runs }) => [taskKey, runs]).sort(), [
      ['a', 2],
      ['b', 1],
    ]);

    assert.deepEqual(await runtime.connection.request('session.reset', { agent: 'echo', taskKey: 'a' }), { count: 1 });
    const afresh = await runtime.wake('echo', { taskKey: 'a', text: 'x' });
    const resumed = await runtime.wake('echo', { taskKey: 'b', text: 'x' });
    await Promise.all([runtime.settled(afresh), runtime.settled(resumed)]);
    assert.deepEqual([await runtime.readLog(afresh), await runtime.readLog(resumed)], ['run 1\n', 'run 2\n']);
    assert.deepEqual(await runtime.connection.request('session.reset', { agent: 'echo' }), { count: 2 });
  });

  it('says what to do about a command and a directory that do not exist', async () => {
    const configuration = `
agents:
  lost: { adapter: process, command: no-such-program-anywhere }
  nowhere: { adapter: process, command: sh, args: [-c, 'true'], cwd: missing/place }
`;
    await using runtime = await TestRuntime.open({ configuration });

    const command = await runtime.settled(await runtime.wake('lost'));
    const cwd = await runtime.settled(await runtime.wake('nowhere'));

    assert.deepEqual([command.status, command.errorCode], ['failed', 'command_not_found']);
    assert.match(command.message ?? '', /no-such-program-anywhere/);
    assert.deepEqual([cwd.status, cwd.errorCode], ['failed', 'cwd_missing']);
    assert.match(cwd.message ?? '', /missing.place/);
  });

  it('pages through the history from the newest run back', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    for (let index = 0; index < 5; index += 1)
      await runtime.settled(await runtime.wake('echo', { text: String(index) }));

    const newest = await runtime.connection.request('run.list', { limit: 2 });
    const before = newest.runs.at(-1)?.number ?? 0;
    const rest = await runtime.connection.request('run.list', { limit: 10, before });

    assert.deepEqual(
      newest.runs.map((run) => run.number),
      [5, 4],
    );
    assert.deepEqual(
      rest.runs.map((run) => run.number),
      [3, 2, 1],
    );
    assert.deepEqual([newest.hasMore, rest.hasMore], [true, false]);
  });

  it('writes nothing of its token into its log', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    await runtime.settled(await runtime.wake('echo', { text: 'x' }));
    const record = readFileSync(join(runtime.storePath, 'owners', 'e-1'), 'utf8');
    const { token } = JSON.parse(record) as { token: string };

    assert.equal(
      runtime.logger.lines.some((line) => line.includes(token)),
      false,
    );
  });
});
