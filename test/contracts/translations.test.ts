import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const bundlePath = path.join(root, 'l10n/bundle.l10n.json');

/** Every text that the sources look up: `t('…')` and `vscode.l10n.t('…')`. */
function textsOf(folder: string): string[] {
  const files = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const source = readFileSync(path.join(root, folder, file), 'utf8');
    const calls = source.matchAll(/\b(?:t|translate)\(\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/g);
    return [...calls].map((call) => (call[1] ?? '').slice(1, -1).replace(/\\(.)/g, '$1'));
  });
}

const used = [...new Set(['src/views', 'webview-ui', 'src'].flatMap(textsOf))].sort();

describe('the texts', () => {
  it('all stand in the bundle for translators, and nothing else does', () => {
    const wanted = Object.fromEntries(used.map((text) => [text, text]));
    if (process.env['UPDATE_TEXTS'] === '1') writeFileSync(bundlePath, `${JSON.stringify(wanted, null, 2)}\n`);
    const bundle: unknown = JSON.parse(readFileSync(bundlePath, 'utf8'));
    assert.deepEqual(bundle, wanted, 'UPDATE_TEXTS=1 brings l10n/bundle.l10n.json up to date');
  });

  it('have placeholders that count from 0 without a gap', () => {
    for (const text of used) {
      const numbers = [...text.matchAll(/\{(\d+)\}/g)].map((match) => Number(match[1]));
      assert.deepEqual(
        [...new Set(numbers)].sort(),
        [...new Set(numbers)].map((_number, index) => index),
        text,
      );
    }
  });
});
