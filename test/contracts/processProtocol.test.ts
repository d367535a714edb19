import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const read = (...names: string[]): string => readFileSync(path.join(import.meta.dirname, '../..', ...names), 'utf8');

describe('docs/process-protocol.md', () => {
  it('shows the program that the tests run', () => {
    const [, example] = /```js\n([^]*?)```/.exec(read('docs', 'process-protocol.md')) ?? [];
    assert.equal(example, read('test', 'fixtures', 'programs', 'asks.mjs'));
  });
});
