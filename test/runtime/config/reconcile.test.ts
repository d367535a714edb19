import assert from 'node:assert/strict';
import path from 'node:path';
import { reconcile, type FileContent, type FingerprintedDefinition } from '../../../src/runtime/config/reconcile.ts';
import type { AgentDefinition } from '../../../src/runtime/definition.ts';
import { makeDefinition } from '../../support/policies.ts';

const folder = path.resolve('/f');

function make(key: string, fingerprint: string, differences: Partial<AgentDefinition> = {}): FingerprintedDefinition {
  return { fingerprint, definition: makeDefinition(folder, { key, ...differences }) };
}

interface Row {
  readonly what: string;
  readonly inForce?: FingerprintedDefinition[];
  readonly file: FileContent;
  readonly accepted?: string[];
  /** Fingerprints. */
  readonly enforce?: string[];
  readonly absent?: string[];
  /** Fingerprints. */
  readonly pending?: string[];
}

const ok = (...agents: FingerprintedDefinition[]): FileContent => ({ status: 'ok', agents });
const a = make('a', 'a1.f1');

const rows: Row[] = [
  { what: 'holds a new agent', file: ok(a), pending: ['a1.f1'] },
  { what: 'enforces an accepted agent', file: ok(a), accepted: ['a1.f1'], enforce: ['a1.f1'] },
  { what: 'keeps what is in force and unchanged', inForce: [a], file: ok(a), enforce: ['a1.f1'] },
  {
    what: 'enforces a tightening at once',
    inForce: [a],
    file: ok(make('a', 'a2.f1', { timeoutSec: 1 })),
    enforce: ['a2.f1'],
  },
  {
    what: 'holds a tightening whose script has changed too',
    inForce: [a],
    file: ok(make('a', 'a2.f2', { timeoutSec: 1 })),
    pending: ['a2.f2'],
  },
  { what: 'holds a loosening', inForce: [a], file: ok(make('a', 'a2.f1', { timeoutSec: 9999 })), pending: ['a2.f1'] },
  {
    what: 'enforces an accepted loosening',
    inForce: [a],
    file: ok(make('a', 'a2.f1', { timeoutSec: 9999 })),
    accepted: ['a1.f1', 'a2.f1'],
    enforce: ['a2.f1'],
  },
  {
    what: 'holds a changed script',
    inForce: [a],
    file: ok(make('a', 'a1.f2')),
    accepted: ['a1.f1'],
    pending: ['a1.f2'],
  },
  {
    what: 'switches back to what was accepted before',
    inForce: [make('a', 'a2.f2')],
    file: ok(a),
    accepted: ['a1.f1'],
    enforce: ['a1.f1'],
  },
  {
    what: 'holds a renamed agent',
    inForce: [a],
    file: ok(make('b', 'b1.f1')),
    accepted: ['a1.f1'],
    absent: ['a'],
    pending: ['b1.f1'],
  },
  {
    what: 'makes an agent absent that the file lacks',
    inForce: [a, make('b', 'b1.f1')],
    file: ok(a),
    enforce: ['a1.f1'],
    absent: ['b'],
  },
  {
    what: 'makes all absent without a file',
    inForce: [a, make('b', 'b1.f1')],
    file: { status: 'missing' },
    absent: ['a', 'b'],
  },
  { what: 'changes nothing for an invalid file', inForce: [a], file: { status: 'invalid' } },
  {
    what: 'decides for each agent by itself',
    inForce: [a],
    file: ok(a, make('b', 'b1.f1'), make('c', 'c1.f1')),
    accepted: ['c1.f1'],
    enforce: ['a1.f1', 'c1.f1'],
    pending: ['b1.f1'],
  },
];

describe('reconcile', () => {
  for (const { what, inForce = [], file, accepted = [], enforce = [], absent = [], pending = [] } of rows) {
    it(what, () => {
      const byKey = new Map(inForce.map((entry) => [entry.definition.key, entry]));
      const result = reconcile({ folder, inForce: byKey, file, accepted: new Set(accepted) });
      assert.deepEqual(
        [result.enforce.map(({ fingerprint }) => fingerprint), result.absent, result.pending.map(({ hash }) => hash)],
        [enforce, absent, pending],
      );
    });
  }

  it('says what would be executed, before and after', () => {
    const next = make('a', 'a2.f1', { command: 'sh' });
    const { pending } = reconcile({ folder, inForce: new Map([['a', a]]), file: ok(next), accepted: new Set() });
    assert.equal(pending[0]?.agent, 'a');
    assert.match(pending[0].before ?? '', /command: node/);
    assert.match(pending[0].after, /command: sh/);
    assert.match(pending[0].summary, /^runs `sh scripts\/survey.mjs`/);
  });

  it('says that only a file has changed, and shows a difference', () => {
    const { pending } = reconcile({
      folder,
      inForce: new Map([['a', a]]),
      file: ok(make('a', 'a1.f2')),
      accepted: new Set(),
    });
    assert.match(pending[0]?.summary ?? '', /content of a file that it runs has changed/);
    assert.notEqual(pending[0]?.before, pending[0]?.after);
  });

  it('has nothing to compare a new agent with', () => {
    const { pending } = reconcile({ folder, inForce: new Map(), file: ok(a), accepted: new Set() });
    assert.equal(pending[0]?.before, null);
  });
});
