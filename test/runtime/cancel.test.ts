import assert from 'node:assert/strict';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const configuration = `
defaults: { graceSec: 1 }
agents:
  worker: { adapter: process, command: sh, args: [-c, 'while [ ! -e go ]; do sleep 0.05; done'], shareCwd: true }
  flaky: { adapter: process, command: sh, args: [-c, 'exit 75'], shareCwd: true }
  broken: { adapter: process, command: sh, args: [-c, 'exit 3'], shareCwd: true }
`;

async function open(): Promise<TestRuntime> {
  return TestRuntime.open({ configuration });
}

async function startWorker(runtime: TestRuntime): Promise<string> {
  const runId = await runtime.wake('worker', { taskKey: 't' });
  await runtime.until(({ runs }) => runs.get(runId)?.status === 'running');
  return runId;
}

describe('Cancelling a run', () => {
  it('discards what waits behind it, and says so', async () => {
    await using runtime = await open();
    const runId = await startWorker(runtime);
    const issue = await runtime.connection.request('issue.create', { title: 'x' });
    // A wake without text is coalesced, unless it is about an issue.
    await runtime.connection.request('agent.wake', { agent: 'worker', taskKey: 't', issueId: issue.issue.id });

    const { followUps } = await runtime.connection.request('run.cancel', { runId });
    await runtime.settled(runId);

    assert.deepEqual(followUps, { kind: 'discarded', count: 1 });
    assert.deepEqual([...runtime.state.runs.keys()], [runId]);
  });

  it('asks whether to go on with what a person wrote; a restart does not forget it; the word starts or ends it', async () => {
    await using runtime = await open();
    const ask = async (): Promise<string> => {
      const runId = await startWorker(runtime);
      await runtime.connection.request('agent.wake', { agent: 'worker', taskKey: 't', text: 'Mind the gap' });
      const { followUps } = await runtime.connection.request('run.cancel', { runId });
      assert.deepEqual(followUps, { kind: 'confirm', count: 1 });
      await runtime.settled(runId);
      const { entries } = await runtime.connection.request('queue.list', { limit: 10 });
      assert.deepEqual(
        entries.map(({ run, messages }) => [run.heldFor, messages]),
        [['confirmation', 1]],
      );
      return entries[0]?.run.id ?? '';
    };
    const first = await ask();
    await runtime.restart();
    await runtime.until(({ runs }) => runs.get(first)?.heldFor === 'confirmation');

    await runtime.connection.request('queue.runNow', { runId: first });
    await runtime.until(({ runs }) => runs.get(first)?.status === 'running');
    await runtime.connection.request('run.cancel', { runId: first });
    await runtime.settled(first);
    const second = await ask();
    await runtime.connection.request('queue.discard', { runId: second, messages: 1 });

    assert.equal((await runtime.settled(second)).status, 'cancelled');
  });

  it('pauses its agent first where that is wanted', async () => {
    await using runtime = await open();
    const runId = await startWorker(runtime);

    await runtime.connection.request('run.cancel', { runId, pause: true });
    await runtime.settled(runId);

    assert.equal(runtime.state.agents.get('worker')?.status, 'paused');
    const { runId: next } = await runtime.connection.request('agent.wake', { agent: 'worker' });
    await runtime.until(({ runs }) => runs.get(next ?? '')?.heldFor === 'paused');
  });
});

describe('Terminating an agent', () => {
  it('ends what runs and waits of it, and lets nothing wake it, whatever its file says, until it is deleted', async () => {
    await using runtime = await open();
    const running = await startWorker(runtime);
    const waiting = await runtime.wake('worker', { taskKey: 'u', text: 'later' });

    const { cancelled } = await runtime.connection.request('agent.terminate', { agent: 'worker', reason: 'Enough' });

    assert.equal(cancelled, 1);
    assert.equal((await runtime.settled(running)).status, 'cancelled');
    assert.equal((await runtime.settled(waiting)).status, 'cancelled');
    await runtime.restart();
    runtime.writeConfiguration(configuration.replace('sleep 0.05', 'sleep 0.06'));
    await runtime.acceptAll();
    const refused = await runtime.connection.request('agent.wake', { agent: 'worker' });
    assert.equal(refused.status, 'refused');
    assert.equal(runtime.state.agents.get('worker')?.status, 'terminated');
    await assert.rejects(runtime.connection.request('agent.resume', { agent: 'worker' }), /not paused/);
    await runtime.connection.request('agent.delete', { agent: 'worker', evenIfConfigured: true });
    assert.equal(runtime.state.agents.get('worker')?.status, 'idle');
  });

  it('ends what waits also while everything is stopped', async () => {
    await using runtime = await open();
    await runtime.connection.request('everything.stop', {});
    const waiting = await runtime.wake('worker', { text: 'later' });
    const untrusted = runtime.connect({ kind: 'window', isTrusted: false });
    try {
      await untrusted.request('agent.terminate', { agent: 'worker' });
    } finally {
      untrusted.dispose();
    }
    assert.equal((await runtime.settled(waiting)).status, 'cancelled');
    await runtime.connection.request('everything.release', {});
  });

  it('also survives that the file loses it for a while before anything of it was accepted', async () => {
    await using runtime = await TestRuntime.open({ configuration, isAccepted: false });
    await runtime.connection.request('agent.terminate', { agent: 'worker' });
    runtime.writeConfiguration('agents: {}');
    await runtime.connection.request('configuration.reload', {});
    runtime.writeConfiguration(configuration);
    await runtime.acceptAll();

    assert.equal(runtime.state.agents.get('worker')?.status, 'terminated');
  });
});

describe('A run that fails for the moment', () => {
  it('is tried again after a while, at once when a person wakes it', async () => {
    await using runtime = await open();
    const first = await runtime.wake('flaky', { taskKey: 't', text: 'do it' });
    const { errorCode, message } = await runtime.settled(first);
    assert.deepEqual([errorCode, /attempt 2 of 3/.test(message ?? '')], ['temporary_failure', true]);
    const next = [...runtime.state.runs.values()].find((run) => run.chainId === first);
    assert.deepEqual([next?.status, next?.heldFor, next?.attempt], ['queued', 'retry', 2]);
    assert.ok((next?.notBefore ?? 0) > Date.now() + 10_000);

    await runtime.wake('flaky', { taskKey: 't', text: 'now' });

    assert.equal((await runtime.settled(next?.id ?? '')).status, 'failed');
  });

  it('is tried again by itself when its time has come, up to the last attempt', async () => {
    const clock = new ManualClock(Date.now());
    await using runtime = await TestRuntime.open({ configuration, clock });
    const first = await runtime.wake('flaky', { taskKey: 't', text: 'do it' });
    await runtime.settled(first);
    const attempt = (number: number) =>
      [...runtime.state.runs.values()].find((run) => run.chainId === first && run.attempt === number);

    clock.tick(36_000);
    await runtime.until(() => attempt(2)?.finishedAt !== null);
    clock.tick(72_000);
    await runtime.until(() => (attempt(3)?.finishedAt ?? null) !== null);

    assert.equal(attempt(3)?.errorCode, 'temporary_failure');
    assert.match(attempt(3)?.message ?? '', /wake flaky/);
    assert.equal(attempt(4), undefined);
  });

  it('stops its agent when the same error comes again and again, and Resume lets it go on', async () => {
    await using runtime = await open();
    for (let count = 0; count < 3; count += 1) await runtime.settled(await runtime.wake('broken'));

    const { isTripped, statusReason, status } = runtime.state.agents.get('broken') ?? {};
    assert.deepEqual([isTripped, status], [true, 'paused']);
    assert.match(statusReason ?? '', /3 runs in a row failed with the same error/);
    const held = await runtime.wake('broken', { text: 'again' });
    await runtime.until(({ runs }) => runs.get(held)?.heldFor === 'loop_breaker');
    await runtime.connection.request('queue.runNow', { runId: held });
    await runtime.settled(held);
    const next = await runtime.wake('broken', { text: 'again' });
    await runtime.until(({ runs }) => runs.get(next)?.heldFor === 'loop_breaker');
    await runtime.connection.request('agent.resume', { agent: 'broken' });
    await runtime.settled(next);
    assert.equal(runtime.state.agents.get('broken')?.isTripped, false);
  });
});
