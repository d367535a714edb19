import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { fixtureProgram } from '../support/testRuns.ts';

const agents = `
agents:
  hostile:
    adapter: process
    protocol: jsonl
    command: ${process.execPath}
    args: [${fixtureProgram('hostile.mjs')}]
    waitSec: 0
  limited:
    adapter: process
    protocol: jsonl
    command: sh
    args: [-c, 'read prompt; echo "{\\"reveille\\":\\"limit\\",\\"limit\\":\\"tokens\\",\\"until\\":\\"2030-01-01T00:00:00Z\\"}"']
  plain:
    adapter: process
    command: sh
    args: [-c, 'cat; echo "{\\"reveille\\":\\"result\\",\\"status\\":\\"failed\\"}"']
  silent:
    adapter: process
    command: sh
    args: [-c, 'while [ ! -e go ]; do sleep 0.02; done; echo on; while [ ! -e stop ]; do sleep 0.02; done']
    stallSec: 1
    graceSec: 1
`;

describe('What a program tells', function () {
  this.timeout(60_000);

  it('does no harm: floods, lies and broken lines are bounded, and the log has every byte', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const run = await runtime.settled(await runtime.wake('hostile'), 30_000);

    assert.deepEqual(
      [run.status, run.errorCode, run.message, run.exitCode],
      ['failed', 'reported_failure', 'It reported that it failed: gave up', 0],
    );
    assert.equal(runtime.state.questions.size, 16);
    assert.ok(run.logBytes > 5 * 1024 * 1024);
    const log = await runtime.readLog(run.id);
    assert.ok(log.includes('"question":"Question 199 [click](command:evil)"'));
    assert.equal(log.match(/\[Reveille ignores a question: there were too many\]/g)?.length, 8);
    const span = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000 };
    const { groups } = await runtime.connection.request('usage.query', { ...span, groupBy: 'agent' });
    assert.deepEqual(
      groups.map(({ key, tokens, costMicros, failedRuns }) => [key, tokens, costMicros, failedRuns]),
      [['hostile', null, null, 1]],
    );
  });

  it('makes a limit the reason of the failure', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const run = await runtime.settled(await runtime.wake('limited'));
    assert.deepEqual([run.status, run.errorCode, run.exitCode], ['failed', 'rate_limited', 0]);
    assert.match(run.message ?? '', /\(tokens\) until 2030-01-01T00:00:00/);
  });

  it('is only text where the definition does not speak of a protocol', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const run = await runtime.settled(await runtime.wake('plain', { text: 'hello' }));
    assert.deepEqual([run.status, run.message], ['succeeded', null]);
    assert.match(await runtime.readLog(run.id), /^You are the agent "plain"[^]*hello[^]*"reveille"/);
  });

  it('is missed: a run that says nothing needs attention until it says something again', async () => {
    await using runtime = await TestRuntime.open({ configuration: agents });
    const runId = await runtime.wake('silent');
    await runtime.until((state) => (state.runs.get(runId)?.stalledSince ?? null) !== null);
    assert.equal(runtime.state.runs.get(runId)?.status, 'running');
    writeFileSync(join(runtime.folder.path, 'go'), '');
    await runtime.until((state) => state.runs.get(runId)?.stalledSince === null);
    await runtime.until((state) => (state.runs.get(runId)?.stalledSince ?? null) !== null);
    writeFileSync(join(runtime.folder.path, 'stop'), '');
    const run = await runtime.settled(runId);
    assert.deepEqual([run.status, run.stalledSince], ['succeeded', null]);
    const { entries } = await runtime.connection.request('activity.list', { runId, limit: 50 });
    assert.deepEqual(
      entries
        .map(({ action }) => action)
        .reverse()
        .filter((action) => /stalled|resumed/.test(action)),
      ['run.stalled', 'run.resumed', 'run.stalled'],
    );
  });
});
