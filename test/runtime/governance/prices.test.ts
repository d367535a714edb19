import assert from 'node:assert/strict';
import { noTokens } from '../../../src/runtime/governance/accounts.ts';
import { listPriceAt } from '../../../src/runtime/governance/prices.ts';

const at = Date.UTC(2026, 10, 21);
const tokens = { inputTokens: 6200, cachedTokens: 5000, cacheWriteTokens: 200, outputTokens: 300 };
const claude = listPriceAt({ adapter: 'claude_local', prices: {} }, at);
const codex = listPriceAt({ adapter: 'codex_local', prices: {} }, at);
const anyone = listPriceAt({ adapter: 'process', prices: {} }, at);

describe('list prices', () => {
  it('agree with what claude reports for the same tokens', () => {
    // The cost in test/fixtures/recordings/claude/01-fresh-stdin.stdout.
    assert.equal(Math.round(claude('claude-opus-5-5', tokens, 1) ?? 0), 12_000);
  });

  it('know models by their dated and decorated names, and by those of clouds', () => {
    const price = claude('claude-sonnet-4-5', tokens, 1);
    assert.ok(price !== null && price > 0);
    const names = [
      'claude-sonnet-4-5-20250929',
      'claude-sonnet-4-5[1m]',
      'claude-sonnet-4-5@20250929',
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ];
    for (const name of names) assert.equal(claude(name, tokens, 1), price, name);
    assert.equal(codex('gpt-5-2025-08-07', tokens, 1), codex('gpt-5', tokens, 1));
    assert.ok((codex('gpt-5', tokens, 1) ?? 0) > 0);
    assert.equal(anyone('gpt-5', tokens, 1), codex('gpt-5', tokens, 1));
  });

  it('take an alias for the newest of its kind', () => {
    assert.equal(claude('opus', tokens, 1), claude('claude-opus-5-5', tokens, 1));
    assert.ok((claude('haiku', tokens, 1) ?? 0) > 0);
  });

  it('do not know every model', () => {
    assert.equal(claude('claude-nonsense-9', tokens, 1), null);
    assert.equal(codex('nonsense', tokens, 1), null);
    assert.equal(anyone('', tokens, 1), null);
  });

  it('charge long prompts more only if the answers were to long ones', () => {
    const long = { ...noTokens, inputTokens: 300_000 };
    assert.equal(Math.round(claude('claude-sonnet-4-5', long, 1) ?? 0), 1_800_000);
    assert.equal(Math.round(claude('claude-sonnet-4-5', long, 3) ?? 0), 900_000);
    assert.equal(Math.round(claude('claude-sonnet-4-5', long, null) ?? 0), 900_000);
  });

  it('are replaced by those of the configuration', () => {
    const prices = { 'my-model': { input: 2, cachedInput: 0.5, cacheWrite: null, output: 10 } };
    const own = listPriceAt({ adapter: 'claude_local', prices }, at);
    assert.equal(own('my-model', tokens, 1), 1000 * 2 + 5000 * 0.5 + 200 * 2 + 300 * 10);
    assert.equal(own('my-model-20260101', tokens, 1), own('my-model', tokens, 1));
    assert.equal(own('constructor', tokens, 1), null);
  });

  it('bear tokens that do not fit together', () => {
    assert.ok((claude('claude-opus-5-5', { ...noTokens, cachedTokens: 100 }, 1) ?? 0) > 0);
  });

  it('are not fetched', () => {
    const { fetch } = globalThis;
    globalThis.fetch = () => assert.fail('asked the network');
    try {
      assert.notEqual(listPriceAt({ adapter: 'claude_local', prices: {} }, at)('claude-haiku-4-5', tokens, 1), null);
    } finally {
      globalThis.fetch = fetch;
    }
  });
});
