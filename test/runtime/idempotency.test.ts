import assert from 'node:assert/strict';
import { letGo } from '../support/gatedAgent.ts';
import { ManualClock } from '../support/manualClock.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const day = 24 * 3_600_000;
const gated = `
agents:
  gated: { adapter: process, command: sh, args: [-c, 'while [ ! -e "go-$REVEILLE_TASK_KEY" ]; do sleep 0.02; done; cat'], timeoutSec: 0 }
`;
const refusing = gated.replace('timeoutSec', 'heartbeat: { wakeOnOnDemand: false }, timeoutSec');

async function ask({ connection }: TestRuntime, part: { text?: string; idempotencyKey?: string } = {}) {
  const wake = { agent: 'gated', taskKey: 't', idempotencyKey: 'k', ...part };
  return connection.request('agent.wake', wake);
}

describe('A wake with a key', function () {
  this.timeout(60_000);

  it('is answered again with its id and what became of it: waiting, at work, completed, also after a restart', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    await runtime.connection.request('agent.pause', { agent: 'gated' });
    const first = await ask(runtime, { text: 'x' });
    assert.deepEqual([first.status, (await ask(runtime)).status], ['queued', 'queued']);
    await runtime.restart();
    await runtime.connection.request('agent.resume', { agent: 'gated' });
    await runtime.until(({ runs }) => runs.get(first.runId ?? '')?.status === 'running');
    const atWork = await ask(runtime);
    letGo(runtime, 't');
    await runtime.settled(first.runId ?? '');
    const completed = await ask(runtime, { text: 'another text' });

    assert.deepEqual([atWork.status, completed.status], ['claimed', 'completed']);
    for (const { wakeupId, runId } of [atWork, completed]) {
      assert.deepEqual([wakeupId, runId], [first.wakeupId, first.runId]);
    }
    assert.equal(runtime.state.runs.size, 1);
  });

  it('is answered again as coalesced, or as refused, also when it would not be refused any more', async () => {
    await using runtime = await TestRuntime.open({ configuration: refusing });
    const refused = await ask(runtime, { text: 'x' });
    const again = await ask(runtime, { text: 'x' });
    runtime.writeConfiguration(gated);
    await runtime.acceptAll();
    const later = await ask(runtime, { text: 'x' });
    assert.deepEqual(
      [refused, again, later].map(({ wakeupId, status }) => [wakeupId, status]),
      [refused, refused, refused].map(({ wakeupId }) => [wakeupId, 'refused']),
    );

    const { runId } = await ask(runtime, { idempotencyKey: 'another', text: 'x' });
    await runtime.until(({ runs }) => runs.get(runId ?? '')?.status === 'running');
    const coalesced = await ask(runtime, { idempotencyKey: 'ping' });
    const repeated = await ask(runtime, { idempotencyKey: 'ping' });
    assert.deepEqual([coalesced.status, repeated.status], ['coalesced', 'coalesced']);
    assert.equal(repeated.wakeupId, coalesced.wakeupId);
    letGo(runtime, 't');
    await runtime.settled(runId ?? '');
  });

  it('is one wake though two ask at the same moment', async () => {
    await using runtime = await TestRuntime.open({ configuration: gated });
    const other = runtime.connect({ kind: 'cli', isTrusted: true });
    const wake = { agent: 'gated', taskKey: 't', idempotencyKey: 'k', text: 'mind the gap' };
    const answers = await Promise.all(
      [runtime.connection, other, runtime.connection, other].map((one) => one.request('agent.wake', wake)),
    );
    other.dispose();
    letGo(runtime, 't');

    assert.equal(new Set(answers.map(({ wakeupId }) => wakeupId)).size, 1);
    await runtime.settled(answers[0]?.runId ?? '');
    assert.equal(runtime.state.runs.size, 1);
    assert.equal((await runtime.readLog(answers[0]?.runId ?? '')).match(/mind the gap/g)?.length, 1);
  });

  it('is another one after 24 hours, and for another agent or source at once', async () => {
    const clock = new ManualClock();
    const both = `${gated}  second: { adapter: process, command: sh, args: [-c, cat] }\n`;
    await using runtime = await TestRuntime.open({ configuration: both, clock });
    letGo(runtime, 't');
    const first = await ask(runtime, { text: 'x' });
    await runtime.settled(first.runId ?? '');
    const wake = { agent: 'second', idempotencyKey: 'k', text: 'x' };
    const ofSecond = await runtime.connection.request('agent.wake', wake);
    clock.jump(day);
    const still = await ask(runtime, { text: 'x' });
    clock.jump(1);
    const later = await ask(runtime, { text: 'x' });
    await runtime.settled(later.runId ?? '');

    assert.equal(still.wakeupId, first.wakeupId);
    assert.equal(new Set([first, ofSecond, later].map(({ wakeupId }) => wakeupId)).size, 3);
  });
});
