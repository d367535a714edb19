import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codexBooks, RolloutReader } from '../../../src/runtime/adapters/codexBooks.ts';
import type { AgentEvent, UsageEvent } from '../../../src/runtime/adapters/events.ts';
import { Chance } from '../../support/chance.ts';

const folder = join(import.meta.dirname, '../../fixtures/recordings/codex-rollout');
const cases = readdirSync(folder).filter((name) => /^[\w-]+\.jsonl$/.test(name));
const book = (name: string): Buffer => readFileSync(join(folder, `${name}.jsonl`));
const read = (bytes: Buffer, since = 0, size = bytes.length): AgentEvent[] => {
  const reader = new RolloutReader(since);
  const events: AgentEvent[] = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)));
  return [...events, ...reader.end()];
};
const usagesOf = (events: readonly AgentEvent[]): UsageEvent[] =>
  events.flatMap((event) => (event.kind === 'usage' ? [event.usage] : []));
const sum = (events: readonly AgentEvent[]): number[] => {
  const usages = usagesOf(events);
  return [
    usages.length,
    ...(['inputTokens', 'outputTokens'] as const).map((key) => usages.reduce((all, one) => all + (one[key] ?? 0), 0)),
  ];
};
const line = (type: string, payload: object, timestamp = '2026-11-21T12:00:00.000Z'): string =>
  `${JSON.stringify({ timestamp, ordinal: 1, type, payload })}\n`;
const tokens = (input: number): object => ({ input_tokens: input, output_tokens: 1, total_tokens: input + 1 });

describe('a rollout file of codex', () => {
  const sums: [name: string, expected: number[]][] = [
    ['ended', [3, 3350, 66]],
    ['killed-in-shell', [1, 1100, 11]],
    // The call of the killed run is in no total of codex's own.
    ['killed-in-shell-resumed', [2, 2250, 55]],
    ['killed-streaming', [1, 1100, 11]],
    ['killed-streaming-resumed', [2, 2250, 55]],
  ];
  for (const [name, expected] of sums) {
    it(`${name}: each answer of the model once, with its model and the size of the conversation`, () => {
      const events = read(book(name));
      assert.deepEqual(sum(events), expected);
      const usages = usagesOf(events);
      assert.ok(usages.every(({ basis, model, id }) => basis === 'message' && model === 'gpt-fake' && id !== null));
      assert.equal(new Set(usages.map(({ id }) => id)).size, usages.length);
      const context = events.findLast((event) => event.kind === 'context');
      const last = usages.at(-1);
      assert.equal(context?.tokens, (last?.inputTokens ?? 0) + (last?.outputTokens ?? 0));
    });
  }

  it('is read the same however it is cut', () => {
    assert.ok(cases.length >= 6);
    for (const name of cases.filter((file) => !/\.(seen|stdout)\./.test(file))) {
      const bytes = readFileSync(join(folder, name));
      for (const size of [1, 100, 65_536]) assert.deepEqual(read(bytes, 0, size), read(bytes), `${name} by ${size}`);
    }
  });

  it('tells of the present run only', () => {
    const resumed = book('killed-in-shell-resumed');
    assert.deepEqual(sum(read(resumed, Date.parse('2026-11-21T12:34:20Z'))), [1, 1150, 44]);
    assert.deepEqual(read(resumed, Date.parse('2026-11-22T00:00:00Z')), []);
  });

  it('of a build without records, counts the last of each total once', () => {
    const count = (total: number, last: number): string =>
      line('event_msg', {
        type: 'token_count',
        info: { total_token_usage: tokens(total), last_token_usage: tokens(last) },
      });
    const text = line('turn_context', { model: 'old' }) + count(10, 10) + count(10, 10) + count(25, 15);
    const usages = usagesOf(read(Buffer.from(text)));
    assert.deepEqual(
      usages.map(({ id, inputTokens, model }) => [id, inputTokens, model]),
      [
        ['total:11', 10, 'old'],
        ['total:11', 10, 'old'],
        ['total:26', 15, 'old'],
      ],
    );
    assert.equal(
      sum(read(Buffer.from(line('token_usage_record', { response_id: 'r', usage: tokens(7) }) + text)))[0],
      1,
    );
  });

  it('never throws on damage, and says nothing of a line that is being written', () => {
    const whole = book('ended');
    const chance = new Chance(Number(process.env['REVEILLE_TEST_SEED'] ?? 11));
    for (let round = 0; round < 100; round += 1) {
      const damaged = Buffer.from(whole);
      for (let hit = 0; hit < 40; hit += 1) damaged[chance.between(0, whole.length - 1)] = chance.between(0, 255);
      read(damaged);
    }
    assert.deepEqual(
      read(Buffer.from(line('token_usage_record', { response_id: 'r', usage: tokens(7) }).trimEnd())),
      [],
    );
    assert.deepEqual(
      read(
        Buffer.from(
          `${line('token_usage_record', { usage: tokens(-7) })}${line('token_usage_record', { usage: 'x' })}`,
        ),
      ),
      [],
    );
  });

  it('lies in the home of codex', () => {
    const id = '01a1fe19-91ae-7110-8e9f-6a4c0f0e03b6';
    const at = (env: Record<string, string>): string | null =>
      codexBooks.locate({ id }, { env, cwd: '/w' })?.folder ?? null;
    assert.equal(at({ HOME: '/home/me' }), join('/home/me/.codex/sessions'));
    assert.equal(at({ HOME: '/home/me', CODEX_HOME: '/srv/codex' }), join('/srv/codex/sessions'));
    assert.deepEqual([at({}), at({ CODEX_HOME: 'relative' })], [null, null]);
    const place = codexBooks.locate({ id }, { env: { HOME: '/h' }, cwd: '/w' });
    assert.deepEqual(
      [
        `rollout-2026-11-21T12-34-10-${id}.jsonl`,
        `rollout-x-${id}.jsonl.bak`,
        `${id}.jsonl`,
        'rollout-x-other.jsonl',
      ].map((name) => place?.isBook(name)),
      [true, false, false, false],
    );
  });
});
