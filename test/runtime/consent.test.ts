import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

describe('Consent and trust', function () {
  this.timeout(60_000);

  it('starts nothing before its definition was accepted, and delivers the wake afterwards', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo, isAccepted: false });
    const outcome = await runtime.connection.request('agent.wake', { agent: 'echo', text: 'patience' });
    assert.match(outcome.message, /not been accepted/);
    const runId = outcome.runId ?? '';
    await runtime.until((state) => state.runs.get(runId)?.heldFor === 'consent');
    assert.equal(existsSync(join(runtime.storePath, 'logs', `${runId}.log`)), false);

    assert.deepEqual(await runtime.acceptAll(), ['echo']);

    await runtime.settled(runId);
    assert.match(await runtime.readLog(runId), /patience/);
  });

  it('keeps the accepted definition in force until a changed one is accepted', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    runtime.writeConfiguration(echo.replace("'cat'", "'echo changed'"));
    const { pending } = await runtime.connection.request('configuration.reload', {});
    assert.equal(pending.length, 1);

    const before = await runtime.wake('echo', { text: 'old one' });
    await runtime.settled(before);
    await runtime.acceptAll();
    const after = await runtime.wake('echo');
    await runtime.settled(after);

    assert.match(await runtime.readLog(before), /old one/);
    assert.equal(await runtime.readLog(after), 'changed\n');
  });

  it('holds a run when a workspace script that it executes was changed after the consent', async () => {
    const configuration = `
agents:
  script: { adapter: process, command: sh, args: [job.sh] }
`;
    await using runtime = await TestRuntime.open();
    const script = join(runtime.folder.path, 'job.sh');
    writeFileSync(script, 'echo good');
    runtime.writeConfiguration(configuration);
    await runtime.acceptAll();
    await runtime.settled(await runtime.wake('script'));

    writeFileSync(script, 'echo evil');
    const held = await runtime.wake('script', { text: 'x' });

    await runtime.until(
      (state) => state.runs.get(held)?.heldFor === 'consent' && state.configuration.pending.length === 1,
    );
    assert.match(runtime.state.configuration.pending[0]?.summary ?? '', /has changed/);
    await runtime.acceptAll();
    await runtime.settled(held);
    assert.equal(await runtime.readLog(held), 'evil\n');
  });

  it('looks into a changed script once, not again and again, while the run waits', async () => {
    await using runtime = await TestRuntime.open();
    const script = join(runtime.folder.path, 'job.sh');
    writeFileSync(script, 'echo good');
    runtime.writeConfiguration('agents:\n  script: { adapter: process, command: sh, args: [job.sh] }\n');
    await runtime.acceptAll();
    writeFileSync(script, 'echo evil');
    const held = await runtime.wake('script', { text: 'x' });
    await runtime.until(
      (state) => state.runs.get(held)?.heldFor === 'consent' && state.configuration.pending.length === 1,
    );

    const before = runtime.state.sequence;
    for (let index = 0; index < 20; index += 1) await runtime.connection.request('runtime.status', {});
    await new Promise((resolve) => setTimeout(resolve, 200));

    assert.equal(runtime.state.sequence, before);
  });

  it('refuses to accept what has changed since it was shown', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo, isAccepted: false });
    const [shown] = runtime.state.configuration.pending;
    runtime.writeConfiguration(echo.replace("'cat'", "'rm -rf important'"));

    await assert.rejects(runtime.connection.request('configuration.accept', { hashes: [shown?.hash ?? ''] }), {
      kind: 'consent',
    });

    assert.equal(runtime.state.agents.get('echo')?.isRunnable, false);
  });

  it('lets an untrusted window read and cancel, never start or accept', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const untrusted = runtime.connect({ kind: 'window', isTrusted: false });
    const runId = await runtime.wake('gated', { taskKey: 'a' });

    await assert.rejects(untrusted.request('agent.wake', { agent: 'gated' }), { kind: 'trust' });
    await assert.rejects(untrusted.request('configuration.accept', { hashes: ['x'] }), { kind: 'trust' });
    await assert.rejects(untrusted.request('issue.create', { title: 'x', assignee: 'gated' }), { kind: 'trust' });
    await assert.rejects(untrusted.request('everything.release', {}), { kind: 'trust' });
    await untrusted.request('run.cancel', { runId });

    assert.equal((await runtime.settled(runId)).status, 'cancelled');
    untrusted.dispose();
  });

  it('holds queued runs while no connected window is trusted', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    runtime.connection.updateSettings({ kind: 'window', isTrusted: false });
    await runtime.connection.request('agent.pause', { agent: 'echo' });
    const cli = runtime.connect({ kind: 'cli', isTrusted: true });
    const { runId } = await cli.request('agent.wake', { agent: 'echo', text: 'later' });
    cli.dispose();
    const held = runId ?? '';
    await runtime.until((state) => state.runs.get(held)?.heldFor === 'trust');

    runtime.connection.updateSettings({ kind: 'window', isTrusted: true });
    await runtime.until((state) => state.runs.get(held)?.heldFor === 'paused');
    await runtime.connection.request('agent.resume', { agent: 'echo' });

    assert.equal((await runtime.settled(held)).status, 'succeeded');
  });

  it('keeps the last good definitions when the file breaks, and says where', async () => {
    await using runtime = await TestRuntime.open({ configuration: echo });
    runtime.writeConfiguration('agents:\n  echo: [\n');

    const state = await runtime.connection.request('configuration.reload', {});

    assert.equal(state.status, 'invalid');
    assert.ok(state.problems.length > 0);
    assert.equal((await runtime.settled(await runtime.wake('echo', { text: 'x' }))).status, 'succeeded');
  });
});
