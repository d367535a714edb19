import assert from 'node:assert/strict';
import { ClaudeReader, isLoggedLine } from '../../../src/runtime/adapters/claudeReader.ts';
import type { AgentEvent } from '../../../src/runtime/adapters/events.ts';
import { addEvent, conclude, nothingReported } from '../../../src/runtime/runs/report.ts';
import { LineFilter } from '../../../src/runtime/runs/lineFilter.ts';
import { readAll, readRecording, recordedCases } from '../../support/recordedOutputs.ts';
import { seededRandom } from '../../support/seededRandom.ts';

const nothing = Buffer.alloc(0);
const id = '11111111-2222-4333-8444-555555555555';
const init = { type: 'system', subtype: 'init', session_id: id, apiKeySource: 'none', mcp_servers: [] };
const good = { type: 'result', subtype: 'success', is_error: false, result: 'done', session_id: id, num_turns: 1 };
const bad = { type: 'result', subtype: 'success', is_error: true, result: 'API Error', session_id: id };
const apiError = (fields: object, text = 'API Error') => ({
  type: 'assistant',
  is_api_error_message: true,
  message: { model: '<synthetic>', content: [{ type: 'text', text }] },
  ...fields,
});

function read(...lines: readonly (object | string)[]): AgentEvent[] {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  return readAll(new ClaudeReader(), { stdout: Buffer.from(text), stderr: nothing });
}
const kinds = (events: readonly AgentEvent[]): string[] => events.map(({ kind }) => kind);
const exited = { exitCode: 1, signal: null, setback: null, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0 };
const outcomeOf = (exitCode: number, ...lines: readonly object[]) =>
  conclude(
    {
      ...exited,
      exitCode,
      status: exitCode === 0 ? 'succeeded' : 'failed',
      errorCode: exitCode === 0 ? null : 'exit_code',
      message: null,
    },
    read(...lines).reduce(addEvent, nothingReported),
    'result',
  );

describe('the reader of claude', () => {
  it('passes on what it does not understand, cut, and goes on', () => {
    const long = 'x'.repeat(5000);
    const events = read(init, 'Warning: \0something', '', '   ', '{"type":"assis', '[1]', { type: 'new', long }, good);
    assert.deepEqual(kinds(events), ['session', 'raw', 'raw', 'raw', 'raw', 'result']);
    assert.deepEqual(events[1], { kind: 'raw', reason: 'text', text: 'Warning: something' });
    const unknown = events[4];
    assert.ok(unknown?.kind === 'raw' && unknown.reason === 'unknown' && unknown.text?.length === 2000);
  });

  it('reads a line of 5 MB, tells of one that is too long, and keeps nothing of either', () => {
    const reader = new ClaudeReader();
    const block = { type: 'tool_result', tool_use_id: 't', content: 'y'.repeat(5_000_000) };
    const line = JSON.stringify({ type: 'user', message: { content: [block] } });
    const all = Buffer.from(`${line}\n{"type":"${'z'.repeat(17 * 1024 * 1024)}"}\n${JSON.stringify(good)}\n`);
    const events = readAll(reader, { stdout: all, stderr: nothing }, () => 65_536);
    assert.deepEqual(kinds(events), ['toolResult', 'raw', 'result']);
    assert.ok(events[0]?.kind === 'toolResult' && events[0].text.length === 10_000 && events[0].text.endsWith('…'));
    assert.deepEqual(events[1], { kind: 'raw', reason: 'too_long' });
    assert.ok(reader.heldBytes < 10_000);
  });

  it('survives characters that are cut, and texts that are none', () => {
    const text = '€ 𝄞 \ud800 \0 end';
    const events = readAll(
      new ClaudeReader(),
      { stdout: Buffer.from(JSON.stringify({ type: 'assistant', message: { content: text } })), stderr: nothing },
      () => 1,
    );
    assert.deepEqual(events, [{ kind: 'message', text: '€ 𝄞 \ufffd  end' }]);
  });

  it('drops ids that are none rather than cutting them', () => {
    const call = { type: 'tool_use', id: 'x'.repeat(300), name: 'Bash', input: {} };
    const message = { id: 'a b', model: 'm', usage: { input_tokens: 5 }, content: [call] };
    assert.deepEqual(read({ type: 'assistant', message }), [{ kind: 'toolCall', id: '', name: 'Bash', input: '{}' }]);
  });

  it('tells the usage of subagents, but not as what its own conversation holds', () => {
    const start = (parent: string | null, message: string, input: number) => ({
      type: 'stream_event',
      parent_tool_use_id: parent,
      event: { type: 'message_start', message: { id: message, model: 'm', usage: { input_tokens: input } } },
    });
    const end = (parent: string | null, output: number) => ({
      type: 'stream_event',
      parent_tool_use_id: parent,
      event: { type: 'message_delta', usage: { output_tokens: output } },
    });
    const events = read(start(null, 'one', 10), start('toolu_1', 'two', 20), end(null, 3), end('toolu_1', 4));
    assert.deepEqual(
      events.map((event) =>
        event.kind === 'usage' ? [event.usage.id, event.usage.inputTokens, event.usage.outputTokens] : event,
      ),
      [['one', 10, null], { kind: 'context', tokens: 10 }, ['two', 20, null], ['one', 10, 3], ['two', 20, 4]],
    );
  });

  it('takes the usage of a result where its parts are not told, without the cost of the whole conversation', () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 2 };
    const modelUsage = { m: { inputTokens: 900, costUSD: 9 } };
    const [found] = read({ ...good, usage, modelUsage, total_cost_usd: 9 }).filter(({ kind }) => kind === 'usage');
    assert.deepEqual(found?.kind === 'usage' && [found.usage.basis, found.usage.model, found.usage.inputTokens], [
      'run',
      'm',
      15,
    ]);
    assert.equal(found?.kind === 'usage' && found.usage.costMicros, null);
  });

  it('tells once of a server that is not there and of a tool that was denied', () => {
    const servers = [
      { name: 'board', status: 'failed' },
      { name: 'wiki', status: 'needs-auth' },
      { name: 'ok', status: 'connected' },
    ];
    const denied = {
      type: 'system',
      subtype: 'permission_denied',
      tool_name: 'Bash',
      tool_use_id: 't1',
      message: 'no',
    };
    const denial = { tool_name: 'Bash', tool_use_id: 't1' };
    const first = { ...init, mcp_servers: servers };
    const events = read(first, denied, first, {
      ...good,
      permission_denials: [denial, { ...denial, tool_use_id: 't2' }],
    });
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'notice' ? [event.text] : [])),
      [
        'The MCP server board could not be reached: its tools are missing.',
        'The MCP server wiki wants a login: its tools are missing.',
        'Bash was not allowed: no',
        'Bash was not allowed.',
      ],
    );
  });

  it('keeps partial messages out of the log, and nothing else', () => {
    const partial = '{"type":"stream_event","event":{"type":"content_block_delta"}}\n';
    const kept = '{"type":"assistant","text":"{\\"type\\":\\"stream_event\\""}\n{"type":"stream_evil"}\n';
    const filter = new LineFilter(isLoggedLine);
    const all = Buffer.concat([filter.push(Buffer.from(partial + kept + partial)), filter.end()]);
    assert.equal(all.toString(), kept);
  });
});

describe('what a run of claude comes to', () => {
  const broken = 'API Error: 400 messages.3: `tool_use` ids were found without `tool_result` blocks immediately after';
  const ownWords = 'API Error: 400 due to tool use concurrency issues.';
  const empty = 'API Error: 400 messages: text content blocks must be non-empty';
  const otherwise = 'API Error: 400 tools.3.custom.input_schema: JSON schema is invalid';
  const rows: [what: string, lines: object[], code: string | null][] = [
    ['an error of which it recovered', [init, apiError({ error: 'server_error', api_error_status: 500 }), good], null],
    ['an error in an earlier result', [init, bad, good], null],
    ['an error after a good result', [init, good, apiError({ error: 'rate_limit' }), bad], 'rate_limited'],
    [
      'the last of two errors',
      [init, { ...bad, subtype: 'error_max_turns' }, apiError({ error: 'server_error' }), bad],
      'temporary_failure',
    ],
    [
      'another error after an answer',
      [init, apiError({ error: 'billing_error' }), { type: 'assistant' }, bad],
      'reported_failure',
    ],
    [
      'a conversation that is refused',
      [init, apiError({ api_error_status: 400 }, broken), { ...bad, result: broken }],
      'session_broken',
    ],
    [
      'a conversation that is refused, in its own words',
      [
        init,
        apiError({ api_error_status: 400, api_error: 'tool_history_mismatch' }, ownWords),
        { ...bad, result: ownWords },
      ],
      'session_broken',
    ],
    [
      'a conversation that is refused as a whole',
      [init, apiError({ api_error_status: 400 }, empty), { ...bad, result: empty }],
      'session_broken',
    ],
    [
      'a request that is refused for something else',
      [init, apiError({ api_error_status: 400 }, otherwise), { ...bad, result: otherwise }],
      'reported_failure',
    ],
    ['the same text of a model', [init, { ...bad, result: broken }], 'reported_failure'],
    [
      'a model that speaks of lost sessions',
      [init, { ...bad, result: 'No conversation found with session ID: x' }],
      'reported_failure',
    ],
    ['an error without a result', [init, apiError({ error: 'model_not_found' })], 'model_unknown'],
    ['a result that does not say whether it is good', [init, { ...good, is_error: 'no' }], 'reported_failure'],
    ['nothing', [init], 'no_result'],
  ];
  for (const [what, lines, code] of rows) {
    it(`is ${code ?? 'success'}: ${what}`, () => {
      assert.equal(outcomeOf(0, ...lines).errorCode, code);
    });
  }

  it('is a limit with its time, if that was told before', () => {
    const info = { status: 'rejected', rateLimitType: 'seven_day', resetsAt: 1_800_000_000 };
    const outcome = outcomeOf(
      1,
      init,
      { type: 'rate_limit_event', rate_limit_info: info },
      apiError({ error: 'rate_limit' }),
      bad,
    );
    assert.deepEqual(outcome.setback, { kind: 'rate_limit', limit: 'seven_day', until: 1_800_000_000_000 });
  });
});

describe('the reader of claude, whatever comes', () => {
  const recordings = recordedCases('claude').map((name) => readRecording('claude', name).stdout);
  const strange: readonly unknown[] = [null, 0, -1, 1e300, '', 'x\0', true, [], {}, [[]], [null], { content: [null] }];

  /** Replaces one value somewhere in it. */
  function mutate(value: unknown, random: () => number): unknown {
    const pick = (): unknown => strange[Math.floor(random() * strange.length)];
    if (typeof value !== 'object' || value === null || random() < 0.15) return pick();
    const keys = Object.keys(value);
    const key = keys[Math.floor(random() * keys.length)];
    if (key === undefined) return pick();
    if (Array.isArray(value))
      return (value as unknown[]).map((entry, index) => (String(index) === key ? mutate(entry, random) : entry));
    return { ...value, [key]: mutate((value as Record<string, unknown>)[key], random) };
  }

  function assertBounded(events: readonly AgentEvent[]): void {
    for (const event of events) {
      const text = JSON.stringify(event, (_key, value: unknown) => {
        assert.ok(typeof value !== 'string' || (!value.includes('\0') && value.isWellFormed()));
        return value;
      });
      assert.ok(text.length < 80_000, text.slice(0, 200));
    }
  }

  it('never throws: values of any kind in any place', () => {
    const random = seededRandom(7);
    for (const recording of recordings) {
      const lines = recording.toString('utf8').split('\n').filter(Boolean);
      for (let round = 0; round < 40; round += 1) {
        const mutated = lines.map((line) => JSON.stringify(mutate(JSON.parse(line), random)));
        assertBounded(readAll(new ClaudeReader(), { stdout: Buffer.from(mutated.join('\n')), stderr: nothing }));
      }
    }
  });

  it('never throws: bytes by chance, in the recordings and alone', () => {
    const random = seededRandom(8);
    for (const recording of recordings) {
      const stdout = Buffer.from(recording);
      for (let count = 0; count < 200 && stdout.length > 0; count += 1) {
        stdout.writeUInt8(Math.floor(random() * 256), Math.floor(random() * stdout.length));
      }
      assertBounded(readAll(new ClaudeReader(), { stdout, stderr: stdout }, () => Math.floor(random() * 5000)));
    }
    const noise = Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(random() * 256)));
    assertBounded(readAll(new ClaudeReader(), { stdout: noise, stderr: noise }));
  });

  it('never throws: nesting without end', () => {
    const depth = 200_000;
    const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const events = read(
      `{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Bash","input":${deep}}]}}`,
      `{"type":${'['.repeat(depth)}`,
      good,
    );
    assert.deepEqual(kinds(events), ['raw', 'raw', 'result']);
  });
});
