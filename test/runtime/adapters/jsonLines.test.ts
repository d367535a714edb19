import assert from 'node:assert/strict';
import type { AgentEvent, UsageEvent } from '../../../src/runtime/adapters/events.ts';
import { JsonLinesReader } from '../../../src/runtime/adapters/jsonLines.ts';
import { usageEvent } from '../../support/recordedUsage.ts';
import { seededRandom } from '../../support/seededRandom.ts';

const megabyte = 1024 * 1024;

/** What a reader makes of bytes that come in these pieces. */
function readPieces(pieces: readonly Uint8Array[]): AgentEvent[] {
  const reader = new JsonLinesReader();
  const events = pieces.flatMap((piece) => reader.push(piece, 'out'));
  return [...events, ...reader.end()];
}

const read = (text: string): AgentEvent[] => readPieces([Buffer.from(text)]);
const malformed: AgentEvent = { kind: 'raw', reason: 'malformed' };
const usage = (part: Partial<UsageEvent>): AgentEvent => ({ kind: 'usage', usage: usageEvent(part) });

describe('a marked line', () => {
  const lines: [said: string, expected: AgentEvent[]][] = [
    ['{"reveille":"session","id":"thread-1/a"}', [{ kind: 'session', params: { id: 'thread-1/a' } }]],
    ['{"reveille":"session","id":"a b"}', [malformed]],
    [`{"reveille":"session","id":"${'x'.repeat(201)}"}`, [malformed]],
    ['{"reveille":"progress","text":"half way"}', [{ kind: 'progress', text: 'half way' }]],
    ['  \t{ "text" : "€", "reveille" : "progress" }  \r', [{ kind: 'progress', text: '€' }]],
    ['{"reveille":"progress","text":"a\\u0000b","more":{"x":[1]}}', [{ kind: 'progress', text: 'ab' }]],
    [
      '{"reveille":"usage","inputTokens":12,"cachedTokens":3,"outputTokens":4,"costUsd":0.0125,"model":"m"}',
      [usage({ model: 'm', inputTokens: 12, cachedTokens: 3, outputTokens: 4, costMicros: 12_500 })],
    ],
    ['{"reveille":"usage","inputTokens":-1,"outputTokens":1.5,"costUsd":"free","model":7}', [usage({})]],
    ['{"reveille":"usage","inputTokens":1e300,"costUsd":1e9,"outputTokens":5}', [usage({ outputTokens: 5 })]],
    [
      '{"reveille":"limit","limit":"requests","until":"2026-11-21T10:00:00Z"}',
      [{ kind: 'rateLimit', limit: 'requests', until: Date.UTC(2026, 10, 21, 10) }],
    ],
    ['{"reveille":"limit","until":"soon"}', [{ kind: 'rateLimit', limit: 'limit', until: null }]],
    ['{"reveille":"retry"}', [{ kind: 'transientError', message: null }]],
    ['{"reveille":"retry","message":"busy"}', [{ kind: 'transientError', message: 'busy' }]],
    [
      '{"reveille":"result","status":"failed","message":"no","changed":false}',
      [{ kind: 'result', status: 'failed', message: 'no', hasChanged: false }],
    ],
    [
      '{"reveille":"result","status":"succeeded","changed":"yes"}',
      [{ kind: 'result', status: 'succeeded', message: null, hasChanged: null }],
    ],
    [
      '{"reveille":"ask","id":"q","question":"Which?","choices":["a","b"]}',
      [{ kind: 'question', id: 'q', text: 'Which?', choices: ['a', 'b'] }],
    ],
    [
      '{"reveille":"ask","id":"q","question":"Which?","choices":"a"}',
      [{ kind: 'question', id: 'q', text: 'Which?', choices: [] }],
    ],
    ['{"reveille":"result","status":"great"}', [malformed]],
    ['{"reveille":"ask","id":"q","question":"  "}', [malformed]],
    ['{"reveille":"ask","question":"Which?"}', [malformed]],
    [`{"reveille":"ask","id":"${'q'.repeat(101)}","question":"Which?"}`, [malformed]],
    ['{"reveille":"fly"}', [malformed]],
    ['{"reveille":{"progress":1}}', [malformed]],
    ['{"reveille":"progress","text":"cut off', [malformed]],
    [`{"reveille":${'['.repeat(30_000)}`, [malformed]],
    [`{"reveille":${'['.repeat(100_000)}`, [{ kind: 'raw', reason: 'too_long' }]],
    ['{"text":"reveille"}', []],
    ['["reveille"]', []],
    ['say {"reveille":"progress","text":"x"}', []],
    ['', []],
    ['plain text', []],
  ];
  for (const [said, expected] of lines) {
    it(`${JSON.stringify(said).slice(0, 90)} says ${expected[0]?.kind ?? 'nothing'}`, () => {
      assert.deepEqual(read(`${said}\n`), expected);
      assert.deepEqual(read(said), expected, 'without an end');
    });
  }

  it('is cut to bounded, well-formed texts', () => {
    const choices = JSON.stringify(Array.from({ length: 50 }, () => 'c'.repeat(900)));
    const [asked] = read(`{"reveille":"ask","id":"q","question":"${'😀'.repeat(9000)}","choices":${choices}}`);
    assert.ok(asked?.kind === 'question');
    assert.deepEqual([asked.text.length, asked.text.isWellFormed(), asked.choices.length], [4000, true, 10]);
    assert.equal(asked.choices[0]?.length, 200);
  });

  it('counts on standard output only', () => {
    const reader = new JsonLinesReader();
    assert.deepEqual(reader.push(Buffer.from('{"reveille":"progress","text":"x"}\n'), 'err'), []);
    assert.deepEqual(reader.end(), []);
  });

  it('is none of ours when it is longer than a MiB, and is not kept', () => {
    const reader = new JsonLinesReader();
    const events: AgentEvent[] = [];
    const chunk = Buffer.alloc(64 * 1024, '{"reveille":"progress"');
    for (let pushed = 0; pushed < 5 * megabyte; pushed += chunk.length) {
      events.push(...reader.push(chunk, 'out'));
      assert.ok(reader.heldBytes <= megabyte);
    }
    assert.equal(reader.heldBytes, 0);
    events.push(...reader.push(Buffer.from('\n{"reveille":"progress","text":"next"}\n'), 'out'));
    assert.deepEqual(events, [
      { kind: 'raw', reason: 'too_long' },
      { kind: 'progress', text: 'next' },
    ]);
  });
});

describe('a stream of lines', () => {
  const pool = [
    '{"reveille":"progress","text":"Grüße 😀 €"}',
    '{"reveille":"usage","inputTokens":1}',
    '{"reveille":"ask","id":"é","question":"Où?"}',
    '{"reveille":',
    '{"other":"reveille"}',
    'plain ÿ text',
    '',
    '\0\0\0',
    `{"reveille":"progress","text":"${'x'.repeat(3000)}"}`,
  ];

  it('says the same however it is cut, for hundreds of streams and cuts', () => {
    const random = seededRandom(20_261_121);
    const below = (limit: number): number => Math.floor(random() * limit);
    for (let round = 0; round < 400; round += 1) {
      const lines = Array.from({ length: 1 + below(30) }, () =>
        below(12) === 0
          ? Buffer.from(Array.from({ length: below(200) }, () => below(256)).filter((byte) => byte !== 0x0a))
          : Buffer.from(pool[below(pool.length)] ?? ''),
      );
      const ends = lines.map(() => Buffer.from(below(2) === 0 ? '\n' : '\r\n'));
      const whole = Buffer.concat(lines.flatMap((line, index) => [line, ends[index] ?? Buffer.alloc(0)]));
      const expected = lines.flatMap((line) => readPieces([line]));
      const pieces: Uint8Array[] = [];
      const largest = 1 + below(below(2) === 0 ? 4 : 5000);
      for (let at = 0; at < whole.length;) {
        const next = at + 1 + below(largest);
        pieces.push(whole.subarray(at, next));
        at = next;
      }
      assert.deepEqual(readPieces(pieces), expected, `round ${String(round)}`);
    }
  });
});
