import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../../src/runtime/model.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const says = (usage: object): string =>
  JSON.stringify(`console.log(${JSON.stringify(JSON.stringify({ reveille: 'usage', ...usage }))})`);

const tokens = { inputTokens: 1000, cachedTokens: 400, outputTokens: 10 };
const configuration = `prices: { own: { input: 2, cachedInput: 0.5, output: 10 } }
agents:
  own: { adapter: process, command: node, protocol: jsonl, args: [-e, ${says({ ...tokens, model: 'own' })}] }
  listed: { adapter: process, command: node, protocol: jsonl, args: [-e, ${says({ ...tokens, model: 'gpt-5' })}] }
  unlisted: { adapter: process, command: node, protocol: jsonl, args: [-e, ${says({ ...tokens, model: 'nobody' })}] }
  slow: { adapter: process, command: sh, protocol: jsonl, args: [-c, 'echo $USED; until [ -e go ]; do sleep 0.05; done; echo $USED'],
    env: { USED: '${JSON.stringify({ reveille: 'usage', ...tokens, model: 'own' })}' } }
`;

describe('What runs cost', () => {
  it('is reckoned by the prices of the file, else by list, and unknown where neither has the model', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const costs: unknown[] = [];
    for (const agent of ['own', 'listed', 'unlisted']) {
      const { usage } = await runtime.settled(await runtime.wake(agent));
      const [model] = usage?.models ?? [];
      const { today } = runtime.state.agents.get(agent) ?? {};
      costs.push([model?.costMicros, model?.isListPrice, today?.costMicros, today?.listedMicros]);
    }
    assert.deepEqual(costs, [
      [1500, true, 1500, 1500],
      // 600 of $1.25, 400 of $0.125, 10 of $10 per million.
      [900, true, 900, 900],
      [null, false, null, 0],
    ]);
    const span = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000 };
    const { groups } = await runtime.connection.request('usage.query', { ...span, groupBy: 'model' });
    assert.deepEqual(
      groups.map(({ key, costMicros, listedMicros }) => [key, costMicros, listedMicros]),
      [
        ['gpt-5', 900, 900],
        ['nobody', null, 0],
        ['own', 1500, 1500],
      ],
    );
  });

  it('is seen while they go on', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const runId = await runtime.wake('slow');
    const costOf = (run: Run | undefined) => run?.usage?.models.map(({ costMicros }) => costMicros);
    await runtime.until((state) => costOf(state.runs.get(runId))?.[0] === 1500);
    assert.equal(runtime.state.runs.get(runId)?.status, 'running');
    writeFileSync(join(runtime.folder.path, 'go'), '');
    assert.deepEqual(costOf(await runtime.settled(runId)), [3000]);
  });
});
