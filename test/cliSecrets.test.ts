import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { secretCommands } from '../src/cliSecrets.ts';
import { TestRuntime } from './support/openTestRuntime.ts';

const configuration =
  'agents: { deployer: { adapter: process, command: sh, args: [-c, "printf %s \\"$TOKEN\\" | wc -c"], env: { TOKEN: { secret: DEPLOY_TOKEN } } } }\n';

async function say(runtime: TestRuntime, words: string[], input: Readable & { isTTY?: boolean } = Readable.from([])) {
  const lines: string[] = [];
  const [name = '', ...rest] = words;
  const { connection } = runtime;
  const code = await secretCommands[name]?.({ connection, words: rest, input, print: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

describe('secrets on the command line', function () {
  this.timeout(30_000);

  it('are read from standard input, listed without their values, and forgotten', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    assert.match((await say(runtime, ['secrets'])).text, /^DEPLOY_TOKEN +missing +deployer$/);
    const runId = await runtime.wake('deployer');

    const input = Readable.from([Buffer.from('open ses'), Buffer.from('ame\n')]);
    assert.match((await say(runtime, ['secret', 'set', 'DEPLOY_TOKEN'], input)).text, /DEPLOY_TOKEN is set until/);

    await runtime.settled(runId);
    assert.equal((await runtime.readLog(runId)).trim(), '11');
    assert.match((await say(runtime, ['secrets'])).text, /^DEPLOY_TOKEN +set +deployer$/);
    assert.match((await say(runtime, ['secret', 'remove', 'DEPLOY_TOKEN'])).text, /is forgotten/);
    assert.match((await say(runtime, ['secrets'])).text, /missing/);
  });

  it('say so when they are too short to be kept out of logs', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const set = (value: string) => say(runtime, ['secret', 'set', 'DEPLOY_TOKEN'], Readable.from([Buffer.from(value)]));
    assert.match((await set('12345')).text, /\nSo short a value is not kept out of logs\.$/);
    assert.doesNotMatch((await set('123456')).text, /short/);
  });

  it('are never taken as an argument, nor typed where they would be seen, nor empty', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    await assert.rejects(say(runtime, ['secret', 'set', 'DEPLOY_TOKEN', 'open sesame']), /Say "secret set <name>"/);
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    await assert.rejects(say(runtime, ['secret', 'set', 'DEPLOY_TOKEN'], terminal), /on standard input/);
    await assert.rejects(
      say(runtime, ['secret', 'set', 'DEPLOY_TOKEN'], Readable.from([Buffer.from('\n')])),
      /is empty/,
    );
  });
});
