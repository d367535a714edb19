import assert from 'node:assert/strict';
import { ByteTail } from '../../../src/runtime/runs/byteTail.ts';

describe('the tail of a stream', () => {
  for (const [pushed, held, dropped] of [
    [[], '', 0],
    [['abc'], 'abc', 0],
    [['abc', 'de'], 'abcde', 0],
    [['abc', 'def'], 'bcdef', 1],
    [['abcdefghij'], 'fghij', 5],
    [['abc', 'defghijkl'], 'hijkl', 7],
    [['abcd', 'ef', 'g', 'hij'], 'fghij', 5],
    [['abcde', ''], 'abcde', 0],
  ] as const) {
    it(`of 5 bytes holds ${JSON.stringify(held)} after ${JSON.stringify(pushed)}`, () => {
      const tail = new ByteTail(5);
      for (const text of pushed) tail.push(Buffer.from(text));
      assert.equal(tail.read().toString(), held);
      assert.equal(tail.dropped, dropped);
    });
  }
});
