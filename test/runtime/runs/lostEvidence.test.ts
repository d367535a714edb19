import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { adapterOf } from '../../../src/runtime/adapters/adapters.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { LostRunOrigin } from '../../../src/runtime/runs/lostEvidence.ts';
import { recoverLostRuns } from '../../../src/runtime/runs/recovery.ts';
import { findRun, listRunningRuns, type RunRow } from '../../../src/runtime/store/runTable.ts';
import { findSession } from '../../../src/runtime/store/sessionTable.ts';
import { makeClaudeAgent } from '../../support/claudeAgent.ts';
import { chargeOf } from '../../support/fakeCodex.ts';
import { HttpAgentServer } from '../../support/httpAgentServer.ts';
import { makeDefinition } from '../../support/policies.ts';
import { recordingPath } from '../../support/recordedOutputs.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const codex = makeDefinition('/', { adapter: 'codex_local', command: 'codex' });
const read = (recording: string): string => readFileSync(recordingPath(recording), 'utf8');

interface Lost {
  readonly definition?: LostRunOrigin['definition'];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: string;
  readonly index?: string;
}

/** A run that its runtime left, recovered by what lies in its log, in its index and below the home of its program. */
async function recover({ definition = codex, env = {}, log, index }: Lost) {
  using logs = makeTemporaryFolder();
  await using fixture = await WakeFixture.open(definition);
  const runId = fixture.ask({ taskKey: 'T' }).runId ?? '';
  fixture.queue.claim(runId, { commandLine: 'x', cwd: '/' });
  writeFileSync(join(logs.path, `${runId}.log`), log);
  if (index !== undefined) writeFileSync(join(logs.path, `${runId}.idx`), index);
  const find = () => findSession(fixture.store, { agent: 'a', taskKey: 'T', adapter: definition.adapter });
  await recoverLostRuns({
    runs: listRunningRuns(fixture.store),
    trees: { endLostRun: () => Promise.resolve(0) } as never,
    clock: { ...systemClock, now: () => fixture.clock.now() },
    logger: new TestLogger(),
    logsDirectory: logs.path,
    originOf: () => ({ definition, adapter: adapterOf(definition.adapter), saved: find() ?? null, env }),
    settle: (id, settlement, isDelivered) => {
      fixture.queue.settle(id, settlement, isDelivered);
    },
  });
  return { run: findRun(fixture.store, runId) as RunRow, session: find() };
}

describe('What is known of a lost run', () => {
  it('is told by its log: its conversation, and that it had succeeded', async () => {
    const { run, session } = await recover({ log: read('codex-rollout/ended.stdout.jsonl') });
    assert.deepEqual([run.status, run.errorCode, run.message], ['succeeded', null, 'All is well.']);
    assert.deepEqual(
      run.usage?.models.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
      [[3350, 66]],
    );
    assert.deepEqual([session?.sessionId, session?.runs], ['01a1fe19-91ae-7110-8e9f-6a4c0f0e03b6', 1]);
  });

  it('is no success where it had not said so', async () => {
    const { run } = await recover({ log: read('codex-rollout/killed-in-shell.stdout.jsonl') });
    assert.deepEqual([run.status, run.errorCode, run.usage], ['failed', 'process_lost', null]);
    assert.equal(run.sessionId, '01a1fe19-ac75-73a2-9957-91ddc29d6010');
    const plain = await recover({
      definition: makeDefinition('/', { protocol: 'jsonl' }),
      log: said({ status: 'succeeded' }),
    });
    assert.equal(plain.run.errorCode, 'process_lost', 'where an exit code decides, a word of the program is none');
  });

  it('is told by the books of its program', async () => {
    using home = makeTemporaryFolder();
    const folder = join(home.path, 'projects/-w');
    mkdirSync(folder, { recursive: true });
    const stdout = read('claude-session/killed-in-shell.stdout.jsonl');
    const [, id = ''] = /"session_id":"([^"]+)"/.exec(stdout) ?? [];
    copyFileSync(recordingPath('claude-session/killed-in-shell.jsonl'), join(folder, `${basename(id)}.jsonl`));
    const definition = makeClaudeAgent();
    const env = { CLAUDE_CONFIG_DIR: home.path };
    const init = `${stdout.split('\n').find((line) => line.includes('"init"')) ?? ''}\n`;

    const { run } = await recover({ definition, env, log: init });

    assert.deepEqual([run.errorCode, run.sessionId, chargeOf(run)?.[0]], ['process_lost', id, 1100]);
    assert.equal((await recover({ definition, log: init })).run.usage, null);
  });

  it('is read of each output for itself', async () => {
    const line = `${JSON.stringify({ type: 'thread.started', thread_id: '01a1fe19-ac75-73a2-9957-91ddc29d6010' })}\n`;
    const error = 'in the middle of a line';
    const at = 20;
    const log = line.slice(0, at) + error + line.slice(at);
    const turns = [
      [0, 'out'],
      [at, 'err'],
      [at + error.length, 'out'],
    ] as const;
    const index = turns.map(([offset, stream]) => `${JSON.stringify({ offset, stream, at: 1 })}\n`).join('');
    assert.equal((await recover({ log, index })).run.sessionId, '01a1fe19-ac75-73a2-9957-91ddc29d6010');
    assert.equal(
      (await recover({ log, index: `${index}{"off` })).run.sessionId,
      '01a1fe19-ac75-73a2-9957-91ddc29d6010',
    );
    assert.equal((await recover({ log })).run.sessionId, null);
  });

  it('has what became of its server', async () => {
    await using server = await HttpAgentServer.open();
    server.on('DELETE /runs/1', (response) => response.writeHead(204).end());
    const http = { url: server.url('/runs'), headers: {}, pollSec: 1 };
    const definition = makeDefinition('/', { adapter: 'http', http });
    const log = `${JSON.stringify({ reveille: 'state', status: 'running', sessionId: 's', statusUrl: '/runs/1' })}\n`;
    const { run } = await recover({ definition, log });
    assert.match(run.message ?? '', /Its server was told to stop\. Its log/);
    assert.deepEqual([run.sessionId, server.of('DELETE /runs/1').length], ['s', 1]);
    assert.match((await recover({ definition, log: '' })).run.message ?? '', /may still be at work/);
  });

  it('has the beginning and the end of a log that is too long to be read again', async () => {
    const [started, ...rest] = read('codex-rollout/ended.stdout.jsonl').split('\n');
    const long = `${'x'.repeat(65_535)}\n`.repeat(640);
    const { run } = await recover({ log: `${started ?? ''}\n${long}${rest.join('\n')}` });
    assert.deepEqual([run.sessionId, run.status], ['01a1fe19-91ae-7110-8e9f-6a4c0f0e03b6', 'succeeded']);
  });
});

function said(result: object): string {
  return `${JSON.stringify({ reveille: 'result', ...result })}\n`;
}
