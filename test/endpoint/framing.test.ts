import assert from 'node:assert/strict';
import {
  encodeFrame,
  FrameDecoder,
  FramingError,
  peerFrameBytes,
  strangerFrameBytes,
} from '../../src/endpoint/framing.ts';

function decode(decoder: FrameDecoder, ...chunks: Buffer[]): unknown[] {
  const messages: unknown[] = [];
  for (const chunk of chunks) decoder.push(chunk, (message) => messages.push(message));
  return messages;
}

describe('FrameDecoder', () => {
  const messages = [{ a: 1 }, { text: 'é€😀'.repeat(50) }, [], 'x', null, { deep: { er: [1, 2, 3] } }];
  const stream = Buffer.concat(messages.map((message) => encodeFrame(message)));

  for (const size of [1, 2, 3, 5, 7, 64, 1000]) {
    it(`finds the same messages in pieces of ${String(size)} bytes`, () => {
      const pieces: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) pieces.push(stream.subarray(at, at + size));
      assert.deepEqual(decode(new FrameDecoder(strangerFrameBytes), ...pieces), messages);
    });
  }

  it('does not depend on a chunk after it was taken', () => {
    const decoder = new FrameDecoder(strangerFrameBytes);
    const chunk = Buffer.from(stream.subarray(0, 20));
    const first = decode(decoder, chunk);
    chunk.fill(0);
    assert.deepEqual([...first, ...decode(decoder, stream.subarray(20))], messages);
  });

  it('refuses a length beyond the limit as soon as it is announced, before anything is kept', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(0xffffffff);
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(() => decode(new FrameDecoder(peerFrameBytes), header), FramingError);
    assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
    header.writeUInt32BE(strangerFrameBytes + 1);
    assert.throws(() => decode(new FrameDecoder(strangerFrameBytes), header), FramingError);
  });

  it('keeps no more of an unfinished message than has come', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(peerFrameBytes);
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 50 }, () => new FrameDecoder(peerFrameBytes));
    for (const decoder of decoders) decode(decoder, header, Buffer.from('"x'));
    assert.ok(process.memoryUsage().arrayBuffers - before < 50 * 128 * 1024);
  });

  it('refuses empty messages, broken UTF-8 and broken JSON', () => {
    const bad = [
      Buffer.alloc(4),
      frameOf(Buffer.from([0x22, 0xff, 0x22])),
      frameOf(Buffer.from('{"a":')),
      frameOf(Buffer.from('\ufeff1')),
    ];
    for (const frame of bad) assert.throws(() => decode(new FrameDecoder(strangerFrameBytes), frame), FramingError);
  });
});

describe('encodeFrame', () => {
  it('makes no message that no peer would accept', () => {
    assert.equal(encodeFrame('x'.repeat(peerFrameBytes - 2)).length, peerFrameBytes + 4);
    assert.throws(() => encodeFrame('x'.repeat(peerFrameBytes - 1)), FramingError);
  });
});

function frameOf(body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}
