import assert from 'node:assert/strict';
import type { HttpPlan, RunRequest } from '../../../src/runtime/adapters/adapter.ts';
import { httpAdapter } from '../../../src/runtime/adapters/httpAdapter.ts';
import { HttpReader } from '../../../src/runtime/adapters/httpReader.ts';
import type { AgentEvent } from '../../../src/runtime/adapters/events.ts';
import { SseLines } from '../../../src/runtime/runs/sseLines.ts';
import { makeDefinition } from '../../support/policies.ts';

const definition = makeDefinition('/w', {
  adapter: 'http',
  command: '',
  args: [],
  http: {
    url: 'https://example.com/runs',
    pollSec: 3,
    headers: {
      Authorization: { secret: 'AUTH' },
      'X-Team': 'a',
      'X-None': { secret: 'NONE' },
      'content-LENGTH': '5',
      'Idempotency-key': 'mine',
    },
  },
});
const request: RunRequest = {
  runId: 'r1',
  agentKey: 'engineer',
  taskKey: 't',
  session: null,
  sessionRun: 2,
  source: 'on_demand',
  reason: 'Asked',
  issue: null,
  prompt: 'Do it',
  workspaceFolder: '/w',
  baseEnvironment: { HOME: '/home/me' },
  secrets: { AUTH: ' Bearer hunter2\n' },
  runDirectory: '/logs/r1.run',
};
const plan = (part: Partial<RunRequest> = {}): HttpPlan => {
  const planned = httpAdapter.plan(definition, { ...request, ...part });
  assert.equal(planned.kind, 'http');
  return planned;
};

/** What a reader says of a text that comes in pieces of a size. */
function read(text: string, size: number): AgentEvent[] {
  const reader = new HttpReader();
  const bytes = Buffer.from(text);
  const events: AgentEvent[] = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size), 'out'));
  return [...events, ...reader.end()];
}

describe('the plan of a run over http', () => {
  it('resolves secrets, and lets nobody speak for Reveille or the connection', () => {
    const { headers, url, method, pollMs } = plan();
    assert.deepEqual([url, method, pollMs], ['https://example.com/runs', 'POST', 3000]);
    assert.deepEqual(headers, {
      Authorization: 'Bearer hunter2',
      'X-Team': 'a',
      Accept: 'application/json, application/x-ndjson, text/event-stream',
      'Accept-Encoding': 'identity',
      'Content-Type': 'application/json',
      'Idempotency-Key': 'r1',
    });
  });

  it('tells run, agent, session and prompt, but neither environment nor secrets', () => {
    const body = JSON.parse(plan({ session: { id: 's1' } }).body) as Record<string, unknown>;
    assert.deepEqual(body, {
      reveille: 'run',
      run: { id: 'r1', taskKey: 't', source: 'on_demand', reason: 'Asked', timeoutSec: 600 },
      agent: { key: 'engineer', role: null, goal: null },
      issue: null,
      session: { id: 's1', run: 2 },
      prompt: 'Do it',
      workspaceFolder: '/w',
    });
  });

  it('has another key when the run begins anew without its session', () => {
    assert.notEqual(plan({ session: { id: 's1' } }).headers['Idempotency-Key'], plan().headers['Idempotency-Key']);
  });

  it('warns of what is not encrypted, unless it stays on the machine', () => {
    const levelsOf = (url: string): string[] =>
      httpAdapter.check({ ...definition, http: { url, headers: {}, pollSec: 5 } }).findings.map(({ level }) => level);
    assert.deepEqual(levelsOf('http://example.com/'), ['warning']);
    for (const url of ['https://example.com/', 'http://localhost:1/', 'http://127.0.0.1/', 'http://[::1]:9/']) {
      assert.deepEqual(levelsOf(url), []);
    }
  });

  it('goes on with nothing but the id of a session', () => {
    const { codec } = httpAdapter;
    assert.deepEqual(codec.parse({ id: 'a', more: 1 }), { id: 'a' });
    for (const stored of [null, 'a', {}, { id: '' }, { id: 5 }, { id: 'x'.repeat(201) }, { id: 'a\0b' }]) {
      assert.equal(codec.parse(stored), null);
    }
  });

  it('takes the same for the name of a conversation in a state, in a line and in what is stored', () => {
    const hostile = ['a b', 'a\nb', '$(id)', '\u001b[31m', 'ü', ''];
    for (const id of ['thread-1/a:b@c+d=e.f_g', ...hostile]) {
      const expected = hostile.includes(id) ? null : { id };
      const said = [
        { reveille: 'state', status: 'running', sessionId: id },
        { reveille: 'session', id },
      ];
      for (const line of said) {
        const told = new HttpReader()
          .push(Buffer.from(`${JSON.stringify(line)}\n`), 'out')
          .find(({ kind }) => kind === 'session');
        assert.deepEqual(told ?? null, expected && { kind: 'session', params: expected }, JSON.stringify(line));
      }
      assert.deepEqual(httpAdapter.codec.parse({ id }), expected);
    }
  });
});

describe('what a server says', () => {
  const state = (fields: object): string => `${JSON.stringify({ reveille: 'state', ...fields })}\n`;
  const text = [
    'no json "reveille"\n',
    '{"other":"\\"reveille\\""}\n',
    '{"reveille":"state"}\r\n',
    state({ status: 'running', message: 'Größe €', usage: { model: 'm', inputTokens: 5, costUsd: 0.1 } }),
    state({
      status: 'running',
      usage: [
        { model: 'm', inputTokens: 7, costUsd: 0.1 },
        { model: 'n', outputTokens: 1 },
      ],
    }),
    state({ status: 'running', usage: { model: 'm', inputTokens: 6 } }),
    '{"reveille":"session","id":"s9"}\n',
    '{"reveille":"session","id":9}\n',
    '{"reveille":"progress","text":"p"}\n',
    '{"reveille":"nonsense"}\n{"reveille":\n',
    state({ status: 'failed', message: 'm', error: 'context_full', contextTokens: 4, changed: 'yes', limit: 7 }),
  ].join('');

  it('is read the same however it is cut', () => {
    const whole = read(text, text.length);
    const usage = { basis: 'run', id: null, cachedTokens: null, cacheWriteTokens: null } as const;
    const parts = [
      { ...usage, model: 'm', inputTokens: 5, outputTokens: null, costMicros: 100_000 },
      { ...usage, model: 'm', inputTokens: 2, outputTokens: null, costMicros: 0 },
      { ...usage, model: 'n', inputTokens: null, outputTokens: 1, costMicros: null },
    ];
    assert.deepEqual(whole, [
      { kind: 'raw', reason: 'malformed' },
      { kind: 'usage', usage: parts[0] },
      { kind: 'progress', text: 'Größe €' },
      { kind: 'usage', usage: parts[1] },
      { kind: 'usage', usage: parts[2] },
      { kind: 'session', params: { id: 's9' } },
      { kind: 'raw', reason: 'malformed' },
      { kind: 'progress', text: 'p' },
      { kind: 'raw', reason: 'malformed' },
      { kind: 'raw', reason: 'malformed' },
      { kind: 'context', tokens: 4 },
      { kind: 'result', status: 'failed', message: 'm', hasChanged: null },
      { kind: 'failure', code: 'context_full', message: 'm' },
    ]);
    for (let size = 1; size < 40; size++) assert.deepEqual(read(text, size), whole, `pieces of ${String(size)}`);
  });

  it('is not read where it is endless', () => {
    assert.deepEqual(read(`${'{"reveille":"state"'.padEnd(2_000_000)}\n`, 65_536), [
      { kind: 'raw', reason: 'too_long' },
    ]);
  });
});

describe('server-sent events', () => {
  const text = ': c\r\nevent: x\ndata: one\rdata:two\r\n\r\ndata:  three\nid: 4\ndatum: no\ndata\ndata:\n\ndata: ünd';
  it('are the lines of their data, however they are cut', () => {
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size++) {
      const stage = new SseLines();
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(stage.push(bytes.subarray(at, at + size)));
      assert.equal(Buffer.concat([...pieces, stage.end()]).toString(), 'one\ntwo\n three\n\nünd\n', String(size));
    }
  });
});
