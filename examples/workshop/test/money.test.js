import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAmount, parseAmount, split } from '../src/money.js';

test('reads and writes amounts', () => {
  for (const text of ['0.05', '12.50', '-3.99', '1000.00']) assert.equal(formatAmount(parseAmount(text)), text);
});

test('refuses what is not an amount', () => {
  assert.throws(() => parseAmount('twelve'), /Not an amount: twelve/);
});

test('splits an amount without losing a cent', () => {
  const parts = split(100, 3);
  assert.equal(
    parts.reduce((sum, part) => sum + part, 0),
    100,
  );
});
