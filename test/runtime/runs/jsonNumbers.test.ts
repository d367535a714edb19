import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClaudeReader } from '../../../src/runtime/adapters/claudeReader.ts';
import { CodexReader } from '../../../src/runtime/adapters/codexReader.ts';
import { JsonLinesReader } from '../../../src/runtime/adapters/jsonLines.ts';
import { LineRedactor } from '../../../src/runtime/runs/jsonNumbers.ts';
import { RunRedaction } from '../../../src/runtime/runs/runSecrets.ts';
import type { NamedSecret } from '../../../src/runtime/runs/secretForms.ts';
import { makeDefinition } from '../../support/policies.ts';

const digits = '314159';
const secrets: readonly NamedSecret[] = [
  { name: 'PIN', value: digits },
  { name: 'KEY', value: 'not-a-number' },
];

/** As the outputs of a run are led. */
function feed(text: string, size = text.length, known = secrets): string {
  const redaction = new RunRedaction({ known: () => known, isUsed: true }, makeDefinition('/home/me'));
  const redactor = redaction.stage?.() ?? assert.fail('nothing is kept out');
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(redactor.push(Buffer.from(bytes.subarray(at, at + size))));
  return Buffer.concat([...out, redactor.end()]).toString();
}

describe('Lines of JSON with secrets of digits', () => {
  const cases: [what: string, line: string, expected: string][] = [
    ['a number', '{"n":314159}', '{"n":"[secret PIN]"}'],
    ['within a number', '{"n":9314159.5e3,"m":1}', '{"n":"[secret PIN]","m":1}'],
    ['twice in one', '{"n":-3141591314159}', '{"n":"[secret PIN]"}'],
    ['in a list', '{"n":[1,314159, 2]}', '{"n":[1,"[secret PIN]", 2]}'],
    ['in a text', '{"n":"a\\"314159,5"}', '{"n":"a\\"[secret PIN],5"}'],
    ['in JSON within a text', '{"n":"{\\"m\\":1314159}"}', '{"n":"{\\"m\\":1[secret PIN]}"}'],
    ['outside JSON', 'n: 13141592', 'n: 1[secret PIN]2'],
    ['outside JSON, as if in it', 'said {"n":13141592}', 'said {"n":1[secret PIN]2}'],
    ['behind a line of text', 'x\n \t{"n":13141592}\r\n1314159', 'x\n \t{"n":"[secret PIN]"}\r\n1[secret PIN]'],
    ['a text that was cut off', '{"n":"\n{"n":314159}', '{"n":"\n{"n":"[secret PIN]"}'],
    ['another secret', '{"n":"not-a-number","m":12}', '{"n":"[secret KEY]","m":12}'],
    ['a label of its own', '{"n":"[secret PIN]","m":[1]}', '{"n":"[secret PIN]","m":[1]}'],
    ['a number at its end', '{"n":12', '{"n":12'],
  ];
  for (const [what, line, expected] of cases) {
    it(`are still such: ${what}`, () => {
      for (let size = 1; size <= line.length; size += 1) assert.equal(feed(line, size), expected, `by ${String(size)}`);
    });
  }

  it('are still such, whatever is in them and wherever they are cut', () => {
    const around = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 }));
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      around.map(([before, after]) => Number(`${String(before)}${digits}${String(after)}`)),
      fc.constant(Number(`-0.${digits}`)),
    );
    const text = fc.oneof(fc.string(), fc.constantFrom(digits, `"${digits}\\`, '{"a":314159}', '\\\\"[secret '));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, number, text, fc.array(tie('value')), fc.dictionary(text, tie('value'))),
    }));
    fc.assert(
      fc.property(fc.array(fc.dictionary(text, value)), fc.integer({ min: 1, max: 40 }), (lines, size) => {
        const out = feed(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), size);
        assert.ok(!out.includes(digits));
        const read = out.trimEnd().split('\n');
        for (const [index, line] of lines.entries()) {
          const hidden: unknown = JSON.parse(read[index] ?? '');
          if (!JSON.stringify(line).includes(digits)) assert.equal(JSON.stringify(hidden), JSON.stringify(line));
        }
      }),
    );
  });

  it('lose what is counted by such a number, and nothing else, for whoever reads them', () => {
    const usage = { input_tokens: 1_314_159, output_tokens: 5 };
    const codex = new CodexReader({ asked: null, now: () => 0, timeZone: 'UTC' });
    const done = `${JSON.stringify({ type: 'turn.completed', usage })}\n`;
    assert.deepEqual(
      codex.push(Buffer.from(feed(done)), 'out').map(({ kind }) => kind),
      ['result'],
    );
    const said = { type: 'result', subtype: 'success', is_error: false, duration_ms: 13_141_592, result: 'Done.' };
    const events = new ClaudeReader().push(Buffer.from(feed(`${JSON.stringify(said)}\n`)), 'out');
    assert.ok(events.some((event) => event.kind === 'result' && event.message === 'Done.'));
    const marked = '{"reveille":"usage","inputTokens":314159,"outputTokens":7}\n';
    const [counted] = new JsonLinesReader().push(Buffer.from(feed(marked)), 'out');
    assert.ok(counted?.kind === 'usage');
    assert.deepEqual([counted.usage.inputTokens, counted.usage.outputTokens], [null, 7]);
  });

  it('come as they are where no secret can be a number', () => {
    const begin = (known: readonly NamedSecret[]) =>
      new LineRedactor(() => known).push(Buffer.from('{"n":12')).toString();
    assert.deepEqual([begin(secrets.slice(1)), begin(secrets)], ['{"n":12', '{"n":'], 'no number is held back');
    assert.equal(feed('{"n":414243444546}', 3, [{ name: 'HEX', value: 'ABCDEF' }]), '{"n":"[secret HEX]"}');
  });

  it('are seen to from the next line on, where such a secret becomes known in the middle of one', () => {
    let known: readonly NamedSecret[] = secrets.slice(1);
    const redactor = new LineRedactor(() => known);
    const first = redactor.push(Buffer.from('{"a":1,')).toString();
    known = secrets;
    const rest = redactor.push(Buffer.from('"n":314159}\n{"n":314159}\n')).toString();
    assert.equal(first + rest, '{"a":1,"n":[secret PIN]}\n{"n":"[secret PIN]"}\n');
  });
});
