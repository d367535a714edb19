import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../../src/runtime/model.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { recordingPath } from '../support/recordedOutputs.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';

/** A run of codex that puts this recording out so often, and then waits for hours. */
async function runWaiting(recording: string, times: number, settings: string): Promise<{ run: Run; log: string }> {
  using folder = makeTemporaryFolder();
  const command = join(folder.path, 'codex');
  const print = `cat '${recordingPath(`codex/${recording}.stdout`)}'\n`.repeat(times);
  writeFileSync(command, `#!/bin/sh\ncat > /dev/null\n${print}sleep 3600\n`);
  chmodSync(command, 0o755);
  const agent = `{ adapter: codex_local, command: ${JSON.stringify(command)}, graceSec: 1, ${settings} }`;
  await using runtime = await TestRuntime.open({ configuration: `agents:\n  codex: ${agent}\n` });
  const runId = await runtime.wake('codex', { text: 'x' });
  const run = await runtime.settled(runId, 20_000);
  return { run, log: await runtime.readLog(runId) };
}

describe('A codex that goes on trying in vain', function () {
  this.timeout(60_000);

  it('is ended when it waits for the network without an end, and is tried again later', async () => {
    const { run } = await runWaiting('31-conn-refused', 2, 'timeoutSec: 600');
    assert.deepEqual([run.status, run.errorCode], ['failed', 'temporary_failure']);
    assert.match(run.message ?? '', /Connection failed: error sending request/);
  });

  it('is ended before its time limit when it sleeps on a limit, and says which', async () => {
    const { run, log } = await runWaiting('30-429-retry-after-3600', 1, 'timeoutSec: 4');
    assert.deepEqual([run.status, run.errorCode], ['failed', 'rate_limited']);
    assert.match(run.message ?? '', /reached a limit \(requests\)/);
    assert.match(log, /\[Reveille ends it: it would wait for its provider for too long\]/);
  });
});
