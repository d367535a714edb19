import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TestRuntime } from '../support/openTestRuntime.ts';

const read = (...names: string[]): string => readFileSync(path.join(import.meta.dirname, '../..', ...names), 'utf8');
const program = path.join(import.meta.dirname, '../fixtures/agents/httpServer.mjs');

describe('docs/http-protocol.md', function () {
  this.timeout(30_000);
  let server: ChildProcess;
  let url: string;

  before(async () => {
    server = spawn(process.execPath, [program], {
      env: { PORT: '0', TOKEN: 'open-sesame' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(server.stdout);
    const [said] = (await once(server.stdout, 'data')) as [Buffer];
    url = said.toString().trim();
  });
  after(async () => {
    server.kill();
    await once(server, 'exit');
  });

  const configure = (token: string, timeoutSec = 60): string => `
agents:
  reviewer: { adapter: http, url: '${url}', headers: { Authorization: 'Bearer ${token}' }, pollSec: 1, timeoutSec: ${String(timeoutSec)} }
`;

  it('shows the server that the tests run', () => {
    const [, example] = /```js\n([^]*?)```/.exec(read('docs', 'http-protocol.md')) ?? [];
    assert.equal(example, read('test', 'fixtures', 'agents', 'httpServer.mjs'));
  });

  it('describes a server that works', async () => {
    await using runtime = await TestRuntime.open({ configuration: configure('open-sesame') });
    const run = await runtime.settled(await runtime.wake('reviewer', { text: 'Look at it' }));
    assert.deepEqual([run.status, run.message, run.errorCode], ['succeeded', 'Done for reviewer', null]);
    assert.deepEqual(
      run.usage?.models.map(({ model, inputTokens, costMicros }) => [model, inputTokens, costMicros]),
      [['example', 1200, 12_000]],
    );
    assert.equal(runtime.state.agents.get('reviewer')?.commandLine, `POST ${url}`);
  });

  it('describes a server that can be told to stop', async () => {
    await using runtime = await TestRuntime.open({ configuration: configure('open-sesame') });
    const runId = await runtime.wake('reviewer', { text: 'Look at it' });
    await runtime.until((state) => state.runs.get(runId)?.message === 'Reading the issue');
    await runtime.connection.request('run.cancel', { runId });
    const run = await runtime.settled(runId);
    assert.deepEqual([run.status, run.errorCode], ['cancelled', 'cancelled_by_user']);
    assert.match(await runtime.readLog(runId), /"status":"cancelled"/);
  });

  it('describes a server that refuses strangers', async () => {
    await using runtime = await TestRuntime.open({ configuration: configure('guess') });
    const run = await runtime.settled(await runtime.wake('reviewer'));
    assert.deepEqual([run.status, run.errorCode], ['failed', 'login_required']);
    assert.match(run.message ?? '', /Check the headers of the agent/);
  });
});
