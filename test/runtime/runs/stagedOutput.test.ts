import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { LineFilter } from '../../../src/runtime/runs/lineFilter.ts';
import type { OutputStage } from '../../../src/runtime/runs/outputStage.ts';
import { stageOutput } from '../../../src/runtime/runs/stagedOutput.ts';

const dropped = '{"type":"delta"';
const keeps = (start: Uint8Array): boolean => !Buffer.from(start).toString('latin1').startsWith(dropped);
const long = 'ü'.repeat(5000);
const content = `{"type":"a"}\n${dropped},"x":"${long}"}\r\n\n${long}\n${dropped}}\nlast without an end`;
const kept = `{"type":"a"}\n\n${long}\nlast without an end`;

/** Makes every letter a capital, and holds back one byte. */
class Capitals implements OutputStage {
  #held = Buffer.alloc(0);

  push(chunk: Buffer): Buffer {
    const all = Buffer.concat([this.#held, chunk]);
    this.#held = all.subarray(-1);
    return Buffer.from(all.subarray(0, -1).toString('latin1').toUpperCase(), 'latin1');
  }

  end(): Buffer {
    return Buffer.from(this.#held.toString('latin1').toUpperCase(), 'latin1');
  }
}

describe('the stages of an output', () => {
  for (const size of [1, 2, 3, 63, 64, 65, 1000, 1e6]) {
    it(`leaves out lines by their beginning, in pieces of ${String(size)} bytes`, () => {
      const filter = new LineFilter(keeps);
      const bytes = Buffer.from(content);
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(filter.push(bytes.subarray(at, at + size)));
      assert.equal(Buffer.concat([...pieces, filter.end()]).toString(), kept);
    });
  }

  it('leaves out a last line that has no end', () => {
    const filter = new LineFilter(keeps);
    assert.equal(Buffer.concat([filter.push(Buffer.from(`a\n${dropped}`)), filter.end()]).toString(), 'a\n');
  });

  it('lets everybody see what was changed first, and the log what was not left out', async () => {
    const source = new PassThrough();
    const heard: Buffer[] = [];
    const { readable } = stageOutput(source, {
      redact: new Capitals(),
      hear: (chunk) => heard.push(chunk),
      filter: new LineFilter((start) => start[0] !== 0x42),
    });
    const read = text(readable);
    for (const piece of ['a1\nb', '2\nc', '3']) source.write(piece);
    source.end();
    assert.equal(await read, 'A1\nC3');
    assert.equal(Buffer.concat(heard).toString(), 'A1\nB2\nC3');
  });

  it('gives out what is held back when it ends before its source', async () => {
    const source = new PassThrough();
    const staged = stageOutput(source, { redact: new Capitals(), hear: null, filter: null });
    const read = text(staged.readable);
    source.write('abc');
    await new Promise(setImmediate);
    await staged.end();
    assert.equal(await read, 'ABC');
  });

  it('leaves a stream alone that nothing changes', () => {
    const source = new PassThrough();
    assert.equal(stageOutput(source, { redact: null, hear: null, filter: null }).readable, source);
  });
});
