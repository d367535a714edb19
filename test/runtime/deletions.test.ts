import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';

/** `echo` ends at once; `gated` works until a file of its task appears. */
const configuration = `
agents:
  echo: { adapter: process, command: sh, args: [-c, cat], shareCwd: true, heartbeat: { maxConcurrentRuns: 4 } }
  gated:
    adapter: process
    command: sh
    args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; cat']
    shareCwd: true
`;

function letGo(runtime: TestRuntime, taskKey: string): void {
  writeFileSync(join(runtime.folder.path, `go-${taskKey}`), '');
}

function logsOf(runtime: TestRuntime): string[] {
  return readdirSync(join(runtime.storePath, 'logs'));
}

async function actionsOf(runtime: TestRuntime): Promise<string[]> {
  const { entries } = await runtime.connection.request('activity.list', { limit: 200 });
  return entries.map(({ action }) => action);
}

describe('Deleting a run', function () {
  this.timeout(60_000);

  it('takes its log and what it was told with it, and every window hears of it', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const kept = await runtime.wake('echo', { text: 'kept' });
    await runtime.settled(kept);
    const runId = await runtime.wake('echo', {
      text: 'a text that is longer than anybody would want it to be, '.repeat(9),
    });
    await runtime.settled(runId);
    const other = runtime.connect({ kind: 'window', isTrusted: true });
    await other.request('runtime.status', {});
    const target = { kind: 'run', runId } as const;
    const preview = await runtime.connection.request('deletion.preview', { target });
    assert.deepEqual([preview.runs, preview.wakeups, preview.logBytes > 400], [1, 1, true]);

    await runtime.connection.request('run.delete', { runId });

    await runtime.until((state) => !state.runs.has(runId) && state.agents.get('echo')?.lastRunId === kept);
    assert.deepEqual(
      logsOf(runtime).filter((name) => name.startsWith(runId)),
      [],
    );
    assert.ok(logsOf(runtime).some((name) => name.startsWith(kept)));
    await assert.rejects(runtime.connection.request('run.get', { runId }), { kind: 'not_found' });
    const { entries } = await runtime.connection.request('activity.list', { limit: 50, runId });
    assert.ok(entries.length > 1);
    assert.ok(entries.every(({ text }) => text === null));
    assert.equal((await runtime.connection.request('activity.verify', {})).fault, null);
    assert.ok((await actionsOf(runtime)).includes('run.deleted'));
    await poll(() => other.state?.runs.has(runId) === false, 'the other window hears of it');
    other.dispose();
    const next = await runtime.wake('echo', { text: 'next' });
    assert.equal((await runtime.settled(next)).number, 3);
  });

  it('is refused until it has settled', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const runId = await runtime.wake('gated', { taskKey: 'a', text: 'x' });
    await runtime.until((state) => state.runs.get(runId)?.status === 'running');

    await assert.rejects(runtime.connection.request('run.delete', { runId }), {
      kind: 'refused',
      message: /Cancel it first/,
    });

    letGo(runtime, 'a');
    await runtime.settled(runId);
    await runtime.connection.request('run.delete', { runId });
    await runtime.until((state) => state.runs.size === 0 && state.agents.get('gated')?.lastRunId === null);
  });
});

describe('Deleting an issue', function () {
  this.timeout(60_000);

  it('leaves the runs that worked on it, and forgets the sessions kept for it', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { issue, wake } = await runtime.connection.request('issue.create', { title: 'Mend it', assignee: 'echo' });
    const runId = wake?.runId ?? '';
    await runtime.settled(runId);
    const target = { kind: 'issue', issueId: issue.id } as const;
    const preview = await runtime.connection.request('deletion.preview', { target });
    assert.deepEqual([preview.issues, preview.runs, preview.sessions], [1, 1, 1]);

    await runtime.connection.request('issue.delete', { issueId: issue.id });

    await runtime.until((state) => state.issues.size === 0);
    assert.equal(runtime.state.runs.get(runId)?.status, 'succeeded');
    assert.match(await runtime.readLog(runId), /Mend it/);
    assert.equal((await runtime.connection.request('session.list', {})).total, 0);
    await assert.rejects(runtime.connection.request('issue.delete', { issueId: issue.id }), { kind: 'not_found' });
    const { issue: next } = await runtime.connection.request('issue.create', { title: 'Another' });
    assert.equal(next.number, 2);
  });

  it('is refused while a run works on it or a message about it waits', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { issue } = await runtime.connection.request('issue.create', { title: 'Mend it' });
    const request = { agent: 'gated', taskKey: 'a', text: 'x' };
    const { runId } = await runtime.connection.request('agent.wake', request);
    await runtime.until((state) => state.runs.get(runId ?? '')?.status === 'running');
    await runtime.connection.request('agent.wake', { ...request, issueId: issue.id });

    const refused = { kind: 'refused', message: /Issue #1 .*Cancel that run first/ };
    await assert.rejects(runtime.connection.request('issue.delete', { issueId: issue.id }), refused);

    // Its follow-up is about the issue, and still finds it.
    letGo(runtime, 'a');
    await runtime.until((state) => [...state.runs.values()].filter((run) => run.finishedAt !== null).length === 2);
    await runtime.connection.request('issue.delete', { issueId: issue.id });
  });
});

describe('Deleting an agent', function () {
  this.timeout(60_000);

  it('takes its whole history with it, a slice at a time, when the file does not have it any more', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const runIds: string[] = [];
    for (let number = 0; number < 3; number += 1)
      runIds.push(await runtime.wake('echo', { text: `t${number}`, taskKey: `k${number}` }));
    await Promise.all(runIds.map((runId) => runtime.settled(runId)));
    const other = await runtime.wake('gated', { taskKey: 'a', text: 'x' });
    letGo(runtime, 'a');
    await runtime.settled(other);
    const { issue } = await runtime.connection.request('issue.create', { title: 'Mine' });
    await runtime.connection.request('issue.assign', { issueId: issue.id, agent: 'echo' });
    await runtime.until((state) => state.issues.get(issue.id)?.status === 'in_review');
    runtime.writeConfiguration(configuration.replace('echo:', 'parrot:'));
    await runtime.connection.request('configuration.reload', {});
    await runtime.until((state) => state.agents.get('echo')?.status === 'absent');
    const queued = await runtime.wake('echo', { text: 'never delivered' });
    const target = { kind: 'agent', agent: 'echo' } as const;
    const preview = await runtime.connection.request('deletion.preview', { target });
    assert.deepEqual([preview.runs, preview.queued, preview.issues, preview.isConfigured], [5, 1, 1, false]);

    await runtime.connection.request('agent.delete', { agent: 'echo' });

    await runtime.until((state) => !state.agents.has('echo') && state.runs.size === 1);
    assert.equal(runtime.state.runs.has(queued), false);
    assert.equal(runtime.state.issues.get(issue.id)?.assignee, null);
    assert.ok(logsOf(runtime).every((name) => name.startsWith(other)));
    assert.equal((await runtime.connection.request('session.list', {})).total, 1);
    assert.ok((await actionsOf(runtime)).includes('agent.deleted'));
    assert.equal((await runtime.connection.request('activity.verify', {})).fault, null);
  });

  it('wants a stronger word for one that the file defines, which comes back empty', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    await runtime.settled(await runtime.wake('echo', { text: 'x' }));

    await assert.rejects(runtime.connection.request('agent.delete', { agent: 'echo' }), { kind: 'refused' });
    await runtime.connection.request('agent.delete', { agent: 'echo', evenIfConfigured: true });

    await runtime.until((state) => state.runs.size === 0 && state.agents.get('echo')?.lastRunId === null);
    const agent = runtime.state.agents.get('echo');
    assert.deepEqual([agent?.status, agent?.isRunnable], ['idle', true]);
    assert.deepEqual(logsOf(runtime), []);
    await runtime.settled(await runtime.wake('echo', { text: 'y' }));
  });

  it('is refused while it runs', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const runId = await runtime.wake('gated', { taskKey: 'a', text: 'x' });
    await runtime.until((state) => state.runs.get(runId)?.status === 'running');

    const request = runtime.connection.request('agent.delete', { agent: 'gated', evenIfConfigured: true });
    await assert.rejects(request, { kind: 'refused', message: /Cancel its runs first/ });

    assert.equal(runtime.state.agents.get('gated')?.status, 'running');
    letGo(runtime, 'a');
    await runtime.settled(runId);
    assert.ok(existsSync(join(runtime.storePath, 'logs', `${runId}.log`)));
  });
});
