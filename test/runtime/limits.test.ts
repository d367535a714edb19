import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { untranslated } from '../../src/format.ts';
import { describeNow } from '../../src/whyText.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

/** Says that its provider lets nothing through for as long as the file `until` tells a time. */
const program = `
import { existsSync, readFileSync } from 'node:fs';
const line = existsSync('until')
  ? { reveille: 'limit', limit: 'requests', until: readFileSync('until', 'utf8') }
  : { reveille: 'result', status: 'succeeded' };
console.log(JSON.stringify(line));
`;
const agent = `adapter: process, protocol: jsonl, command: ${process.execPath}, args: [program.mjs], shareCwd: true`;
const configuration = `agents:
  one: { ${agent}, provider: cloud }
  two: { ${agent}, provider: cloud }
  apart: { ${agent} }
`;

describe('The limit of a provider', function () {
  this.timeout(60_000);

  it('parks all its agents until its time; then one of them probes, and the others go on', async () => {
    await using runtime = await TestRuntime.open({ configuration, isAccepted: false });
    writeFileSync(join(runtime.folder.path, 'program.mjs'), program);
    await runtime.acceptAll();
    const until = Date.now() + 4000;
    writeFileSync(join(runtime.folder.path, 'until'), new Date(until).toISOString());

    const first = await runtime.settled(await runtime.wake('one', { taskKey: 't', text: 'x' }));
    assert.deepEqual([first.status, first.errorCode], ['failed', 'rate_limited']);
    rmSync(join(runtime.folder.path, 'until'));
    const waiting = await runtime.wake('two', { taskKey: 't', text: 'y' });
    await runtime.until((state) => state.runs.get(waiting)?.heldFor === 'rate_limit');
    const why = await runtime.connection.request('agent.explain', { agent: 'two', limit: 5 });
    assert.match(describeNow(why, String, untranslated), /its provider lets nothing through/);
    assert.ok((runtime.state.agents.get('two')?.limitedUntil ?? 0) >= until);
    assert.equal((await runtime.settled(await runtime.wake('apart'))).status, 'succeeded');

    const again = [...runtime.state.runs.values()].find(({ chainId }) => chainId === first.id);
    assert.ok(again);
    const runs = [await runtime.settled(again.id, 30_000), await runtime.settled(waiting, 30_000)];

    assert.deepEqual(
      runs.map(({ status, attempt }) => [status, attempt]),
      [
        ['succeeded', 1],
        ['succeeded', 1],
      ],
    );
    const [probe, other] = runs.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
    assert.ok((probe?.startedAt ?? 0) >= until, 'nothing is tried before the time');
    assert.ok((other?.startedAt ?? 0) >= (probe?.finishedAt ?? Infinity), 'one probes alone');
  });
});
