import assert from 'node:assert/strict';
import {
  costOfRun,
  dayCostText,
  formatDollars,
  formatTokens,
  describeRunUsage,
  runCostText,
  runTokensText,
  shortDayCost,
} from '../src/costText.ts';
import { untranslated } from '../src/format.ts';
import type { AgentDay, ModelUsage } from '../src/runtime/model.ts';

const opus: ModelUsage = {
  model: 'opus',
  inputTokens: 6200,
  cachedTokens: 5000,
  cacheWriteTokens: 200,
  outputTokens: 300,
  costMicros: 12_000,
  isListPrice: false,
};
const listed: ModelUsage = { ...opus, model: 'haiku', cachedTokens: 0, costMicros: 420, isListPrice: true };
const unpriced: ModelUsage = { ...listed, model: '', costMicros: null, isListPrice: false };
const day: AgentDay = {
  ...{ from: 100, to: 200, runs: 2, failedRuns: 0, runMs: 5 },
  ...{ costMicros: 500_000, listedMicros: 0, runsWithoutCost: 0 },
};

describe('the text of a cost', () => {
  for (const [micros, expected] of [
    [0, '$0.00'],
    [1, '$0.000001'],
    [420, '$0.00042'],
    [12_000, '$0.012'],
    [99_999, '$0.100'],
    [120_000, '$0.12'],
    [12_345_678, '$12.35'],
  ] as const) {
    it(`is ${expected} for ${String(micros)}`, () => {
      assert.equal(formatDollars(micros), expected);
    });
  }

  it('counts tokens in thousands and millions', () => {
    assert.deepEqual([999, 1000, 6200, 81_400, 999_499, 999_500].map(formatTokens), [
      ...['999', '1.0 k', '6.2 k', '81 k', '999 k', '1.0 M'],
    ]);
  });

  it('says of a run what it cost, by list price if it is, and never 0 for what is unknown', () => {
    const of = (...models: ModelUsage[]): string | null => runCostText({ models, turns: null }, untranslated);
    assert.equal(runCostText(null, untranslated), null);
    assert.deepEqual(
      [of(opus), of(opus, listed), of(unpriced), of(opus, unpriced), of()],
      ['$0.012', '≈ $0.012 by list price', 'cost unknown', 'at least $0.012', '$0.00'],
    );
    assert.deepEqual(costOfRun({ models: [opus, unpriced], turns: null }).costMicros, null);
  });

  it('says of a run what it used of each model, and what a cache gave', () => {
    assert.equal(
      runTokensText({ models: [opus, unpriced], turns: 3 }, untranslated),
      'opus: 6.2 k in (81 % from cache), 300 out; 6.2 k in, 300 out; 3 turns',
    );
    assert.equal(runTokensText({ models: [unpriced], turns: 1 }, untranslated), '6.2 k in, 300 out; 1 turn');
  });

  it('says of each model what its cost rests on', () => {
    assert.deepEqual(describeRunUsage({ models: [opus, listed, unpriced], turns: 1 }, untranslated), [
      'Cost of this run: at least $0.012 · 1 turn',
      '  opus: 6.2 k in (81 % from cache), 300 out · $0.012 as its program reported',
      '  haiku: 6.2 k in, 300 out · ≈ $0.00042 by list price',
      '  6.2 k in, 300 out · cost unknown: its program reported none, and no price of it is known ("prices" in the configuration sets one)',
    ]);
  });

  it('says what a day cost, on that day', () => {
    const of = (days: readonly AgentDay[], now = 150): unknown[] => [
      dayCostText(days, now, untranslated),
      shortDayCost(days, now, untranslated),
    ];
    const unknown = { ...day, costMicros: null, runsWithoutCost: 2 };
    assert.deepEqual(of([day]), ['$0.50', '$0.50']);
    assert.deepEqual(of([day, { ...day, listedMicros: 1 }]), ['≈ $1.00', '≈ $1.00']);
    assert.deepEqual(of([unknown]), ['cost unknown', null]);
    assert.deepEqual(of([day, unknown]), ['$0.50, unknown for 2 runs', '$0.50']);
    assert.deepEqual(of([day], 200), [null, null]);
    assert.deepEqual(of([{ ...day, runs: 0, costMicros: null }]), [null, null]);
  });
});
