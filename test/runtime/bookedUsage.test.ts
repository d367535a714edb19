import assert from 'node:assert/strict';
import { chargeOf, fakeCodexAgents } from '../support/fakeCodex.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';

describe('What codex used', function () {
  this.timeout(60_000);

  it('is charged once, from its output and its books, and of a resumed run only what it added', async () => {
    using home = makeTemporaryFolder();
    await using runtime = await TestRuntime.open({ configuration: fakeCodexAgents(home.path) });

    const first = await runtime.settled(await runtime.wake('codex', { text: 'replay:ended' }));
    const second = await runtime.settled(await runtime.wake('codex', { text: 'replay:resumed' }));

    assert.deepEqual(
      [first.status, first.message, chargeOf(first)],
      ['succeeded', 'All is well.', [3350, 2100, 1100, 66]],
    );
    assert.deepEqual([second.status, chargeOf(second)], ['succeeded', [1150, 1100, 10, 44]]);
    assert.equal(first.usage?.turns, 3);
    assert.equal(second.sessionId, first.sessionId);
    const { sessions } = await runtime.connection.request('session.list', { agent: 'codex' });
    assert.deepEqual([sessions[0]?.runs, sessions[0]?.contextTokens], [2, 1150 + 44]);
  });

  const models: [what: string, options: string][] = [
    ['chose its model itself', ''],
    ['was asked for it by another name', '    model: gpt-alias\n'],
  ];
  for (const [what, options] of models) {
    it(`is priced by the model that its books name, where it ${what}`, async () => {
      using home = makeTemporaryFolder();
      const prices = 'prices: { gpt-fake: { input: 10, cachedInput: 1, cacheWrite: 2, output: 100 } }\n';
      await using runtime = await TestRuntime.open({ configuration: fakeCodexAgents(home.path, options + prices) });

      const { usage } = await runtime.settled(await runtime.wake('codex', { text: 'replay:ended' }));

      // 150 tokens at 10 $ a million, 2100 of the cache at 1 $, 1100 into it at 2 $, 66 out at 100 $.
      const cost = { costMicros: 150 * 10 + 2100 + 1100 * 2 + 66 * 100, isListPrice: true };
      assert.deepEqual(
        usage?.models.map(({ model, costMicros, isListPrice }) => ({ model, costMicros, isListPrice })),
        [{ model: 'gpt-fake', ...cost }],
      );
    });
  }

  // What a killed run used is in no total of codex's own later, or in all of them: either way it is charged once.
  for (const name of ['killed-in-shell', 'killed-streaming']) {
    it(`${name}: is charged from its books when it was cancelled, and not again by the run that goes on`, async () => {
      using home = makeTemporaryFolder();
      await using runtime = await TestRuntime.open({ configuration: fakeCodexAgents(home.path) });
      const runId = await runtime.wake('codex', { text: `replay:${name}` });
      await poll(async () => (await runtime.readLog(runId)).includes('command_execution'), 'it works');
      assert.notEqual(
        runtime.state.runs.get(runId)?.sessionId ?? null,
        null,
        'its conversation is noted while it runs',
      );
      await runtime.connection.request('run.cancel', { runId });

      const cancelled = await runtime.settled(runId);
      const next = await runtime.settled(await runtime.wake('codex', { text: `replay:${name}-resumed` }));

      assert.deepEqual([cancelled.status, chargeOf(cancelled)], ['cancelled', [1100, 0, 1000, 11]]);
      assert.deepEqual([next.status, chargeOf(next)], ['succeeded', [1150, 1100, 10, 44]]);
    });
  }
});
