import assert from 'node:assert/strict';
import { CodexReader } from '../../../src/runtime/adapters/codexReader.ts';
import type { AgentEvent } from '../../../src/runtime/adapters/events.ts';
import { addEvent, conclude, nothingReported } from '../../../src/runtime/runs/report.ts';
import { Chance } from '../../support/chance.ts';
import { assertEvents, listRecordings, outcomeOf, readWhole } from '../../support/recordings.ts';

const at = Date.UTC(2026, 10, 21, 1, 48);
const thread = '01a1fbc9-ba38-7d72-b72d-4f455bcfea78';
const open = (asked: string | null = null): CodexReader =>
  new CodexReader({ asked: asked === null ? null : { id: asked }, now: () => at, timeZone: 'UTC' });
const read = (stdout: string, stderr = '', asked: string | null = null): AgentEvent[] =>
  readWhole(open(asked), { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) });
const line = (said: object): string => `${JSON.stringify(said)}\n`;
const started = line({ type: 'thread.started', thread_id: thread });
const done = line({ type: 'turn.completed', usage: { input_tokens: 5, output_tokens: 2 } });

describe('recordings of codex', () => {
  const recordings = listRecordings('codex');
  for (const recording of recordings) {
    it(`${recording.name} is told as on file, however its bytes are cut`, () => {
      const whole = readWhole(open(), recording);
      assertEvents('codex', recording.name, whole);
      for (const size of [1, 7, 4096]) {
        const reader = open();
        const events: AgentEvent[] = [];
        for (const [bytes, stream] of [
          [recording.stderr, 'err'],
          [recording.stdout, 'out'],
        ] as const) {
          for (let at = 0; at < bytes.length; at += size) {
            events.push(...reader.push(bytes.subarray(at, at + size), stream));
          }
        }
        assert.deepEqual([...events, ...reader.end()], whole, `cut into pieces of ${size}`);
      }
      const crlf = Buffer.from(recording.stdout.toString().replaceAll('\n', '\r\n'));
      assert.deepEqual(readWhole(open(), { ...recording, stdout: crlf }), whole, 'with CRLF');
    });
  }

  const ends: [name: string, expected: [status: string, errorCode: string | null, message: RegExp | null]][] = [
    ['01-fresh-stdin', ['succeeded', null, /^Hello from fake codex\.$/]],
    ['02-resume-sandbox-flag', ['failed', 'reported_failure', /error: unexpected argument '-s' found$/]],
    ['03-resume-unknown', ['failed', 'session_lost', /no rollout found for thread id 11111111/]],
    ['04-bad-flag', ['failed', 'reported_failure', /error: unexpected argument '--nope' found$/]],
    ['04-empty-stdin', ['failed', 'reported_failure', /No prompt provided via stdin\.$/]],
    ['04-model', ['succeeded', null, /^Hello/]],
    ['04-no-git', ['failed', 'reported_failure', /Not inside a trusted directory/]],
    ['10-patch-readonly', ['succeeded', null, /^Patched\.$/]],
    ['21-mcp-dead-port', ['succeeded', null, /^Called\.$/]],
    ['21-mcp-required-dead', ['failed', 'temporary_failure', /required MCP servers failed to initialize: board/]],
    ['30-400', ['failed', 'reported_failure', /: Unsupported parameter$/]],
    ['30-401', ['failed', 'login_required', /401 Unauthorized: Incorrect API key/]],
    ['30-403', ['failed', 'login_required', /403 Forbidden/]],
    ['30-404', ['failed', 'model_unknown', /`nope` does not exist/]],
    ['30-429plain', ['failed', 'rate_limited', /limit \(requests\)\./]],
    ['30-429quota', ['failed', 'credit_exhausted', /Quota exceeded/]],
    ['30-429usage', ['failed', 'rate_limited', /limit \(usage limit\) until 2026-11-21T02:49:00/]],
    ['30-500', ['failed', 'temporary_failure', /experiencing high demand/]],
    ['30-503', ['failed', 'temporary_failure', /at capacity/]],
    ['30-drop', ['failed', 'temporary_failure', /stream disconnected/]],
    ['30-ssectx', ['failed', 'context_full', /ran out of room/]],
    ['30-sseover', ['failed', 'temporary_failure', /at capacity/]],
    ['30-sserate', ['succeeded', null, /^Done\.$/]],
    ['31-bad-config-value', ['failed', 'reported_failure', /Error loading config.toml: .* in `sandbox_mode`$/]],
    ['31-env-key-unset', ['failed', 'login_required', /Missing environment variable/]],
    ['40-sigint-during-api', ['failed', 'exit_code', /exit code 1/]],
    ['41-sigterm-during-shell', ['failed', 'signal', /SIGTERM/]],
    ['42-bgshell', ['succeeded', null, /^left it running$/]],
    ['43-parallel-A', ['failed', 'temporary_failure', /already has an active writer/]],
  ];
  for (const [name, expected] of ends) {
    it(`${name} ends ${expected[1] ?? expected[0]}`, () => {
      const recording = recordings.find((one) => one.name === name);
      assert.ok(recording);
      const report = readWhole(open(), recording).reduce(addEvent, nothingReported);
      const { status, errorCode, message } = conclude(outcomeOf(recording), report);
      assert.deepEqual([status, errorCode], [expected[0], expected[1]]);
      assert.match(message ?? '', expected[2] ?? /^$/);
    });
  }
});

describe('a run of codex', () => {
  it('says so when it began another conversation than it was asked to go on with', () => {
    const other = '11111111-2222-4333-8444-555555555555';
    assert.deepEqual(
      read(started, '', other).map(({ kind }) => kind),
      ['notice', 'session'],
    );
    assert.deepEqual(read(started, '', thread), [{ kind: 'session', params: { id: thread } }]);
  });

  it('never has a made-up conversation', () => {
    const [event] = read(line({ type: 'thread.started', thread_id: '../../etc' }));
    assert.deepEqual([event?.kind, event?.kind === 'raw' && event.reason], ['raw', 'unknown']);
  });

  it('is ended by a fault that passes when the network stays away', () => {
    const wait = line({ type: 'error', message: 'Reconnecting... waiting for network (Connection failed)' });
    const kinds = (times: number): string[] => read(started + wait.repeat(times)).map(({ kind }) => kind);
    assert.ok(!kinds(5).includes('transientError'));
    assert.equal(kinds(20).filter((kind) => kind === 'transientError').length, 1);
    const item = line({ type: 'item.completed', item: { type: 'agent_message', text: 'I am back' } });
    assert.ok(!read(started + (wait.repeat(5) + item).repeat(4)).some(({ kind }) => kind === 'transientError'));
  });

  it('takes the last error for its end when the turn does not end', () => {
    const events = read(started + line({ type: 'error', message: 'Quota exceeded.' }));
    assert.deepEqual(
      events.map((event) => (event.kind === 'failure' ? event.code : event.kind)),
      ['session', 'credit_exhausted', 'result'],
    );
  });

  it('has no end of its own when it is killed, whatever stands in its log', () => {
    assert.deepEqual(read(started, 'Error: no rollout found for thread id x\n'), [
      { kind: 'session', params: { id: thread } },
    ]);
  });

  it('tells a call once, and calls that end as they are told of', () => {
    const item = { id: 'item_1', type: 'mcp_tool_call', server: 'board', tool: 'echo', arguments: { a: 1 } };
    const finished = {
      ...item,
      result: { content: [{ type: 'text', text: 'one' }, { type: 'image' }] },
      status: 'completed',
    };
    const begin = line({ type: 'item.started', item });
    const end = line({ type: 'item.completed', item: finished });
    const call: AgentEvent = { kind: 'toolCall', id: 'item_1', name: 'mcp__board__echo', input: '{"a":1}' };
    const result: AgentEvent = { kind: 'toolResult', id: 'item_1', isError: false, text: 'one\n{"type":"image"}' };
    assert.deepEqual(read(begin + end), [call, result]);
    assert.deepEqual(read(end), [call, result]);
  });

  it('shows a plan as what comes next', () => {
    const items = [
      { text: 'read', completed: true },
      { text: 'write', completed: false },
    ];
    assert.deepEqual(read(line({ type: 'item.updated', item: { id: 'p', type: 'todo_list', items } })), [
      { kind: 'progress', text: 'write' },
    ]);
  });

  it('reads a line of 5 MB and passes by a longer one than it holds', () => {
    const output = (bytes: number): string =>
      line({
        type: 'item.completed',
        item: {
          id: 'i',
          type: 'command_execution',
          command: 'x',
          aggregated_output: 'o'.repeat(bytes),
          status: 'completed',
          exit_code: 0,
        },
      });
    const [call, result] = read(output(5e6));
    assert.deepEqual([call?.kind, result?.kind === 'toolResult' && result.text.length], ['toolCall', 4000]);
    assert.deepEqual(
      read(output(9e6) + done).map(({ kind }) => kind),
      ['raw', 'usage', 'result'],
    );
  });

  it('passes on what it does not know', () => {
    const said = ['null', '7', '[]', '{}', '{"type":"turn.paused"}', '{"type":"item.completed"}', '{"type":"error"}'];
    for (const one of [...said, line({ type: 'item.completed', item: { type: 'dance' } })]) {
      assert.deepEqual(
        read(`${one}\n`).map((event) => event.kind === 'raw' && event.reason),
        ['unknown'],
        one,
      );
    }
    assert.deepEqual(read('Segmentation fault\n'), [{ kind: 'raw', reason: 'text', text: 'Segmentation fault' }]);
    assert.deepEqual(read('\n\r\n'), []);
  });

  it('never throws, and ends as it was told, among damaged lines', () => {
    const chance = new Chance(Number(process.env['REVEILLE_TEST_SEED'] ?? 5));
    const pool = listRecordings('codex').flatMap(({ stdout }) => stdout.toString().split('\n'));
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: 12 }, () =>
        damage(pool[chance.between(0, pool.length - 1)] ?? '', chance),
      ).join('\n');
      const deep = `{"type":"item.completed","item":{"type":"mcp_tool_call","id":"d","server":"s","tool":"t","arguments":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`;
      const reader = open();
      const bytes = Buffer.from(`${text}\n${round % 50 === 0 ? deep : ''}\n${done}`);
      const at = chance.between(0, bytes.length);
      const events = [
        ...reader.push(bytes.subarray(0, at), 'out'),
        ...reader.push(bytes.subarray(at, at + 40), 'err'),
        ...reader.push(bytes.subarray(at), 'out'),
        ...reader.end(),
      ];
      const last = events.at(-1);
      assert.ok(last?.kind === 'result' && last.status === 'succeeded');
      for (const event of events) assert.ok(JSON.stringify(event).length < 60_000, event.kind);
    }
  });
});

/** The line with a part cut out, doubled, or replaced by something else of its kind. */
function damage(text: string, chance: Chance): string {
  const [from, to] = [chance.between(0, text.length), chance.between(0, text.length)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  const part = chance.pick('', text.slice(from, to).repeat(2), '\0', '"', '}', 'null', '[[', '1e999', '\ud800');
  return chance.is(0.3) ? text : text.slice(0, from) + part + text.slice(to);
}
