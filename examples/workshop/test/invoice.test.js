import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInvoice, formatInvoice } from '../src/invoice.js';

const tasks = [
  { title: 'Sharpen the saw', cents: 2500, isDone: true },
  { title: 'Tidy up', cents: 0, isDone: true },
  { title: 'Build a shelf', cents: 12000, isDone: false },
];

test('charges what is done and has a price', () => {
  assert.deepEqual(createInvoice(tasks, { taxPercent: 20 }), {
    lines: [{ title: 'Sharpen the saw', cents: 2500 }],
    net: 2500,
    tax: 500,
    total: 3000,
  });
});

test('writes the total in the last line', () => {
  assert.match(formatInvoice(createInvoice(tasks)), /Total +25\.00$/);
});
