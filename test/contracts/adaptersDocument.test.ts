import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describeConformance } from '../conformance/conformance.ts';
import { exampleSubject } from '../conformance/exampleSubject.ts';

const read = (...names: string[]): string => readFileSync(path.join(import.meta.dirname, '../..', ...names), 'utf8');
/** Where the file lies, imports go up to the sources; in the document they are those of a neighbour. */
const asNeighbour = (source: string): string => source.replaceAll("'../../../src/runtime/adapters/", "'./");

describe('docs/adapters.md', () => {
  it('shows the adapter, the program and the subject that the tests run', () => {
    const shown = [...read('docs', 'adapters.md').matchAll(/```(?:ts|js)\n([^]*?)```/g)].map(([, text]) => text);
    const files = [
      asNeighbour(read('test', 'fixtures', 'agents', 'exampleAdapter.ts')),
      read('test', 'fixtures', 'agents', 'example.mjs'),
      read('test', 'conformance', 'exampleSubject.ts'),
    ];
    assert.deepEqual(shown, files);
  });
});

describeConformance(exampleSubject);
