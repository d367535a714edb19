import assert from 'node:assert/strict';
import { jitterMs } from '../../../src/runtime/scheduler/jitter.ts';

describe('jitterMs', () => {
  const keys = Array.from({ length: 1000 }, (_, index) => `agent-${String(index)}`);

  it('is the same for the same key', () => {
    assert.equal(jitterMs('engineer', 300_000), jitterMs('engineer', 300_000));
  });

  it('stays below a tenth of the period, and below 30 s', () => {
    assert.ok(keys.every((key) => jitterMs(key, 60_000) >= 0 && jitterMs(key, 60_000) < 6_000));
    assert.ok(keys.every((key) => jitterMs(key, Number.POSITIVE_INFINITY) < 30_000));
    assert.equal(jitterMs('engineer', 0), 0);
  });

  it('spreads agents over the whole range', () => {
    const tenths = new Set(keys.map((key) => Math.floor(jitterMs(key, 86_400_000) / 3000)));
    assert.equal(tenths.size, 10);
  });
});
