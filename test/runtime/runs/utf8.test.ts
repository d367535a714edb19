import assert from 'node:assert/strict';
import { firstCharacter, lastCharacterEnd } from '../../../src/runtime/runs/utf8.ts';

describe('UTF-8 borders', () => {
  const bytes = Buffer.from('aé€😀');

  for (const [length, end] of [
    [0, 0],
    [1, 1],
    [2, 1],
    [3, 3],
    [4, 3],
    [5, 3],
    [6, 6],
    [7, 6],
    [8, 6],
    [9, 6],
    [10, 10],
  ] as const) {
    it(`ends the last whole character of ${String(length)} bytes at ${String(end)}`, () => {
      assert.equal(lastCharacterEnd(bytes.subarray(0, length)), end);
    });
  }

  for (const [start, skipped] of [
    [0, 0],
    [2, 1],
    [4, 2],
    [5, 1],
    [7, 3],
  ] as const) {
    it(`skips ${String(skipped)} bytes of a character cut at ${String(start)}`, () => {
      assert.equal(firstCharacter(bytes.subarray(start)), skipped);
    });
  }

  it('takes bytes that can never become a character for whole', () => {
    for (const invalid of [[0xff], [0x80, 0x80, 0x80, 0x80], [0xc0], [0xf5, 0x80], [0x41, 0x80]]) {
      assert.equal(lastCharacterEnd(Uint8Array.from(invalid)), invalid.length);
    }
  });
});
