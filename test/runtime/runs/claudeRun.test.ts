import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRun, type Settlement } from '../../../src/runtime/store/runTable.ts';
import { makeClaudeAgent } from '../../support/claudeAgent.ts';
import { recordingPath } from '../../support/recordedOutputs.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { openExecutor } from '../../support/testExecutor.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

/** Runs a script of the shell in the place of claude; answers how its run was settled, its log and what it left in its folder. */
async function runClaude(
  script: string,
): Promise<{ settled: Settlement; log: string; left: (name: string) => string }> {
  using folder = makeTemporaryFolder();
  await using fixture = await WakeFixture.open();
  const run = findRun(fixture.store, fixture.ask().runId ?? '');
  assert.ok(run);
  const command = join(folder.path, 'claude');
  writeFileSync(command, `#!/bin/sh\n${script}\n`);
  chmodSync(command, 0o755);
  const env = { CLAUDE_CONFIG_DIR: folder.path };
  const headers = { Authorization: { secret: 'BOARD' } };
  const board = { type: 'http', url: 'http://127.0.0.1:9/mcp', headers, timeoutSec: 600 } as const;
  const definition = makeClaudeAgent({ mcpServers: { board } }, { command, cwd: folder.path, graceSec: 5, env });
  const settlements: Settlement[] = [];
  const records = { settle: (_runId: string, settlement: Settlement) => settlements.push(settlement) };
  using opened = openExecutor(folder.path, { records });
  const { executor, logs } = opened;
  await executor.execute({
    run,
    definition,
    issue: null,
    session: { saved: null, other: null, lastWords: [] },
    wakeups: [],
  });
  const settled = settlements[0];
  assert.ok(settled);
  assert.equal(existsSync(join(logs, `${run.id}.run`)), false);
  const kept = new Map(
    ['args.txt', 'prompt.txt', 'mcp.txt'].map((name) => {
      const file = join(folder.path, name);
      return [name, existsSync(file) ? readFileSync(file, 'utf8') : ''];
    }),
  );
  return { settled, log: readFileSync(join(logs, `${run.id}.log`), 'utf8'), left: (name) => kept.get(name) ?? '' };
}

const print = (recording: string): string => `cat '${recordingPath(recording)}'`;

describe('a run of an agent of type claude_local', () => {
  it('gives the program its prompt and its servers, and keeps partial messages out of the log', async () => {
    const { settled, log, left } = await runClaude(
      [
        'printf "%s\\n" "$@" > args.txt',
        'cat > prompt.txt',
        'for arg in "$@"; do case "$arg" in --mcp-config=*) cat "${arg#--mcp-config=}" > mcp.txt;; esac; done',
        print('claude-session/ended.stdout.jsonl'),
      ].join('\n'),
    );
    assert.deepEqual([settled.status, settled.message], ['succeeded', 'All is well.']);
    assert.match(left('args.txt'), /^--output-format=stream-json$/m);
    assert.notEqual(left('prompt.txt'), '');
    assert.match(left('mcp.txt'), /"Authorization": "\$\{REVEILLE_MCP_1\}"/);
    assert.ok(log.includes('"type":"result"') && !log.includes('"type":"stream_event"'));
  });

  it('is a failure if the program ends well and says nothing of how it came out', async () => {
    const { settled } = await runClaude(`cat > /dev/null; ${print('claude/40-sigint-during-api.stdout')}`);
    assert.deepEqual([settled.status, settled.errorCode, settled.exitCode], ['failed', 'no_result', 0]);
  });

  it('is ended when the key was refused, rather than wait for tries that come to nothing', async () => {
    const at = performance.now();
    const { settled } = await runClaude(`cat > /dev/null; ${print('claude/20-401.stdout')}; sleep 60`);
    assert.deepEqual([settled.status, settled.errorCode], ['failed', 'login_required']);
    assert.match(settled.message ?? '', /not logged in.*The API key was refused/is);
    assert.ok(performance.now() - at < 30_000);
  });

  const waits: [error: string, status: string, code: string][] = [
    ['rate_limit', '429', 'rate_limited'],
    ['overloaded', '529', 'temporary_failure'],
  ];
  for (const [error, status, code] of waits) {
    it(`is ended as ${code} when it would wait for its provider for an hour`, async () => {
      const said = `"subtype":"api_retry","attempt":1,"max_retries":1,"error_status":${status},"error":"${error}"`;
      const line = `{"type":"system",${said},"retry_delay_ms":3600000.5}`;
      const at = Date.now();
      const { settled, log } = await runClaude(`cat > /dev/null; echo '${line}'; sleep 60`);
      assert.deepEqual([settled.status, settled.errorCode], ['failed', code]);
      const setback = settled.setback;
      const untilMs = setback?.kind === 'rate_limit' ? (setback.until ?? 0) - at : null;
      if (code === 'rate_limited') assert.ok(untilMs !== null && untilMs > 3_600_000 && untilMs < 3_640_000);
      else assert.deepEqual(setback, { kind: 'transient' });
      assert.match(log, /would wait for its provider for too long/);
      assert.ok(Date.now() - at < 30_000);
    });
  }

  it('is charged what it had noted in its books when it was killed before it told that', async () => {
    const stdout = readFileSync(recordingPath('claude-session/killed-in-shell.stdout.jsonl'), 'utf8');
    const [, id = ''] = /"session_id":"([^"]+)"/.exec(stdout) ?? [];
    const book = recordingPath('claude-session/killed-in-shell.jsonl');
    const now = '$(date -u +%Y-%m-%dT%H:%M:%S.999Z)';
    const { settled } = await runClaude(
      [
        'cat > /dev/null; mkdir -p projects/w',
        `sed "s/\\"timestamp\\":\\"[^\\"]*\\"/\\"timestamp\\":\\"${now}\\"/" '${book}' > projects/w/${id}.jsonl`,
        `grep '"subtype":"init"' '${recordingPath('claude-session/killed-in-shell.stdout.jsonl')}'`,
        'kill -9 $$',
      ].join('\n'),
    );
    assert.deepEqual([settled.errorCode, settled.sessionId], ['signal', id]);
    assert.deepEqual(
      settled.usage?.models.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
      [[1100, 11]],
    );
  });

  it('fails with the sentence of a program that could not begin', async () => {
    const { settled } = await runClaude(`cat > /dev/null; ${print('claude/05-bad-flag.stderr')} >&2; exit 1`);
    assert.match(settled.message ?? '', /unknown option '--no-such-flag'/);
  });
});
