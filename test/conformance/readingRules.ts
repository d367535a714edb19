import assert from 'node:assert/strict';
import type { AgentEvent, EventReader } from '../../src/runtime/adapters/events.ts';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { drawSeeds } from '../support/testSize.ts';
import type { ConformanceSubject, Output } from './conformanceSubject.ts';
import { assertUsable, understood } from './eventRules.ts';
import { mutilate, replaceFields } from './hostileOutputs.ts';
import { readingMemory } from './readingMemory.ts';

/** Outputs up to this size are cut at every byte. */
const smallBytes = 6000;
const mostCutEverywhere = 4;
const hostileLines = [
  '',
  '   ',
  'plain text',
  '{',
  '}',
  '[]',
  'null',
  '0',
  '"text"',
  '{"type":null}',
  '{"type":{"a":[]}}',
  '{"reveille":1',
  '{"__proto__":{"type":"result","reveille":"result"}}',
  '[{"type":"result","subtype":"success","is_error":false}]',
  '\u0000',
  '['.repeat(20_000),
];

type Pieces = Iterable<readonly [bytes: Uint8Array, stream: 'out' | 'err']>;

/** What a reader makes of pieces; each is overwritten once it was read, as the driver's are. */
function readPieces(reader: EventReader, pieces: Pieces): AgentEvent[] {
  const events: AgentEvent[] = [];
  for (const [bytes, stream] of pieces) {
    const piece = Buffer.from(bytes);
    events.push(...reader.push(piece, stream));
    piece.fill(0x21);
  }
  return [...events, ...reader.end()];
}

function* cut({ stdout, stderr }: Output, nextLength: () => number): Generator<[Uint8Array, 'out' | 'err']> {
  for (const [bytes, stream] of [[stderr, 'err'] as const, [stdout, 'out'] as const]) {
    let length = 0;
    for (let at = 0; at < bytes.length; at += length) {
      length = Math.max(1, nextLength());
      yield [bytes.subarray(at, at + length), stream];
    }
  }
}

/** How outputs are to be read: whatever a program writes, and however that is cut. */
export function describeReading(subject: ConformanceSubject, define: () => AgentDefinition): void {
  const { adapter, outputs } = subject;
  const open = (): EventReader => {
    const reader = adapter.read(define());
    assert.ok(reader);
    return reader;
  };
  const readWhole = (output: Output): AgentEvent[] =>
    readPieces(
      open(),
      cut(output, () => Infinity),
    );
  const withStdout = (output: Output, stdout: string | Buffer): Output => ({ ...output, stdout: Buffer.from(stdout) });

  it('understands the outputs of its program, and says nothing that cannot be stored or shown', () => {
    for (const output of outputs) {
      const events = readWhole(output);
      for (const event of events) assertUsable(event);
    }
    const told = new Set(outputs.flatMap((output) => readWhole(output)).map(({ kind }) => kind));
    const { resume, usage, success } = adapter.capabilities(define());
    assert.ok(!resume || told.has('session'), 'it can resume, but tells of no conversation');
    assert.ok(usage === 'none' || told.has('usage'), 'it reports usage, but tells of none');
    assert.ok(success === 'exit' || told.has('result'), 'success takes a result, but it tells of none');
  });

  it('reads the same from any pieces: cut at every byte, and byte by byte', () => {
    const small = outputs.filter(({ stdout }) => stdout.length > 0 && stdout.length <= smallBytes);
    assert.ok(small.length > 0, 'the kit needs an output that is small enough to be cut everywhere');
    for (const output of small.slice(0, mostCutEverywhere)) {
      const expected = readWhole(output);
      assert.deepEqual(
        readPieces(
          open(),
          cut(output, () => 1),
        ),
        expected,
        output.name,
      );
      for (let at = 1; at < output.stdout.length; at += 1) {
        const halves = [output.stdout.subarray(0, at), output.stdout.subarray(at)] as const;
        const pieces: Pieces = [
          [output.stderr, 'err'],
          [halves[0], 'out'],
          [halves[1], 'out'],
        ];
        assert.deepEqual(readPieces(open(), pieces), expected, `${output.name} cut at ${String(at)}`);
      }
    }
  });

  for (const seed of drawSeeds(3)) {
    it(`reads the same from any pieces of all outputs, seed ${String(seed)}`, () => {
      const random = seededRandom(seed);
      for (const output of outputs) {
        const longest = Math.floor(random() * 400);
        const pieces = cut(output, () => Math.floor(random() * longest));
        assert.deepEqual(readPieces(open(), pieces), readWhole(output), output.name);
      }
    });
  }

  it('reads characters that are cut in two, and lines that end as on Windows or not at all', () => {
    for (const output of outputs) {
      const text = output.stdout.toString();
      const expected = readWhole(output);
      assert.deepEqual(readWhole(withStdout(output, text.replaceAll('\n', '\r\n'))), expected, output.name);
      assert.deepEqual(readWhole(withStdout(output, text.replace(/\n$/, ''))), expected, output.name);
    }
    assert.ok(
      outputs.some(({ stdout }) => /[^\0-\x7f]/.test(stdout.toString())),
      'the kit needs an output with a character of more than one byte',
    );
  });

  it('tells nothing twice, and keeps nothing but what its own run said', () => {
    const [one, other] = [open(), open()];
    for (const output of outputs.slice(0, 10)) {
      const expected = readWhole(output);
      const [first, second] = [open(), open()];
      const events: [AgentEvent[], AgentEvent[]] = [[], []];
      for (const [bytes, stream] of cut(output, () => 97)) {
        events[0].push(...first.push(bytes, stream));
        events[0].push(...first.push(new Uint8Array(0), 'out'));
        events[1].push(...second.push(bytes, stream));
      }
      assert.deepEqual([...events[0], ...first.end()], expected);
      assert.deepEqual([...events[1], ...second.end()], expected);
    }
    assert.deepEqual(one.end(), other.end());
  });

  it('is not led astray by lines of others among its own', () => {
    for (const output of outputs.slice(0, 12)) {
      const lines = output.stdout.toString().split('\n');
      for (const hostile of [...hostileLines, 'y'.repeat(5_000_000), `{"y":"${'y'.repeat(5_000_000)}"}`]) {
        // The long ones only once: after the first line.
        const places = hostile.length > 1e6 ? 1 : Infinity;
        const mixed = lines.map((line, index) => (index < places ? `${line}\n${hostile}` : line)).join('\n');
        const events = readWhole(withStdout(output, mixed));
        for (const event of events) assertUsable(event);
        const what = `${output.name} with ${JSON.stringify(hostile.slice(0, 60))}`;
        assert.deepEqual(understood(events), understood(readWhole(output)), what);
      }
    }
  });

  it('passes on what it does not know as raw', () => {
    const events = readPieces(open(), [[Buffer.from(`${subject.unknownLine ?? ''}\n`), 'out']]);
    assert.deepEqual([...new Set(events.map(({ kind }) => kind))], ['raw']);
  });

  for (const seed of drawSeeds(2)) {
    it(`never throws, and says nothing that cannot be stored, whatever a program writes, seed ${String(seed)}`, () => {
      const random = seededRandom(seed);
      for (let round = 0; round < 150; round += 1) {
        const output = outputs[Math.floor(random() * outputs.length)];
        assert.ok(output);
        const change = random() < 0.5 ? mutilate : replaceFields;
        const stdout = change(output.stdout, random);
        const stderr = random() < 0.3 ? mutilate(output.stderr, random) : output.stderr;
        for (const event of readWhole({ ...output, stdout, stderr })) assertUsable(event);
      }
    });
  }

  it('keeps at most one line in memory, however much is written', () => {
    const { line, lines } = readingMemory(open, outputs);
    assert.ok(line < 48e6, `it keeps ${String(line)} bytes of a line without an end`);
    assert.ok(lines < 8e6, `it keeps ${String(lines)} bytes of many lines`);
  });

  it('leaves nothing out of the log that a transcript is made of', () => {
    const { isLogged = () => true } = adapter;
    for (const output of outputs) {
      const lines = output.stdout.toString('latin1').split('\n');
      const logged = lines.filter((line) => isLogged(Buffer.from(line.slice(0, 64), 'latin1')));
      const events = readWhole(withStdout(output, Buffer.from(logged.join('\n'), 'latin1')));
      const shown = (all: AgentEvent[]): AgentEvent[] =>
        all.filter(({ kind }) => kind !== 'usage' && kind !== 'context');
      assert.deepEqual(shown(events), shown(readWhole(output)), output.name);
    }
    for (const start of ['', '\u0000', '{', '\xff'.repeat(64)]) isLogged(Buffer.from(start, 'latin1'));
  });
}
