import assert from 'node:assert/strict';
import { untranslated } from '../src/format.ts';
import type { ModelUsage } from '../src/runtime/model.ts';
import { describeUsage, formatCost, formatTokens } from '../src/usageText.ts';

const usage = (part: Partial<ModelUsage>): ModelUsage => ({
  model: 'm',
  inputTokens: 1000,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 10,
  costMicros: null,
  isListPrice: false,
  ...part,
});

describe('what a run used, in words', () => {
  for (const [tokens, expected] of [
    [0, '0'],
    [870, '870'],
    [4060, '4.1k'],
    [5000, '5k'],
    [9960, '10k'],
    [41_320, '41k'],
    [999_499, '999k'],
    [999_500, '1M'],
    [1_240_000, '1.2M'],
  ] as const) {
    it(`writes ${String(tokens)} tokens as ${expected}`, () => {
      assert.equal(formatTokens(tokens), expected);
    });
  }

  for (const [costMicros, expected] of [
    [0, '$0.00'],
    [12_300, '$0.0123'],
    [99_999, '$0.1000'],
    [120_000, '$0.12'],
    [12_345_678, '$12.35'],
  ] as const) {
    it(`writes ${String(costMicros)} micro-dollars as ${expected}`, () => {
      assert.equal(formatCost(costMicros), expected);
    });
  }

  for (const [what, models, turns, expected] of [
    ['an unknown cost', [usage({})], null, '1k tokens in, 10 out · cost unknown'],
    ['a cost', [usage({ costMicros: 5000 })], 1, '1k tokens in, 10 out · 1 model call · $0.0050'],
    [
      'one by list price',
      [usage({ costMicros: 5000, isListPrice: true })],
      null,
      '1k tokens in, 10 out · $0.0050 by list price',
    ],
    [
      'several models',
      [usage({ costMicros: 5000 }), usage({ cachedTokens: 900 })],
      2,
      '2k tokens in (900 from the cache), 20 out · 2 model calls · at least $0.0050',
    ],
  ] as const) {
    it(`says ${what}`, () => {
      assert.equal(describeUsage({ models, turns }, untranslated), expected);
    });
  }
});
