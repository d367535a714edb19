import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = join(import.meta.dirname, '../../src');

describe('The list of prices', () => {
  it('is loaded when it is needed, not with the runtime', () => {
    const importers = readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('prices.ts'))
      .map((file) => readFileSync(join(sources, file), 'utf8'))
      .flatMap((text) => text.split('\n'))
      .filter((line) => /governance\/prices\.ts|genai-prices/.test(line))
      .map((line) => line.trim());
    assert.deepEqual(importers, ["const { listPriceAt } = await import('../governance/prices.ts');"]);
  });
});
