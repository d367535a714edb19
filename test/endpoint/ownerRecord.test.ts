import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  formatOwner,
  highestEpoch,
  inspectOwner,
  ownersDirectory,
  readOwner,
  type OwnerRecord,
} from '../../src/endpoint/ownerRecord.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';

function recordOf(epoch: number): OwnerRecord {
  return {
    epoch,
    identity: { pid: 42, startTime: '7', bootId: 'b' },
    host: 'here',
    endpoint: null,
    token: null,
    build: { version: '1.0.0', stamp: 1 },
    protocol: 1,
    startedAt: 5,
    released: false,
  };
}

describe('inspectOwner', () => {
  const store = useTemporaryFolder();
  const write = (epoch: number, text: string): void => {
    mkdirSync(ownersDirectory(store.path), { recursive: true });
    writeFileSync(join(ownersDirectory(store.path), `e-${String(epoch)}`), text);
  };

  it('knows a store that nobody ever owned', () => {
    assert.deepEqual(inspectOwner(store.path), { kind: 'none' });
    assert.equal(readOwner(store.path), null);
  });

  it('reads the only record', () => {
    write(1, formatOwner(recordOf(1)));
    assert.deepEqual(inspectOwner(store.path), { kind: 'record', record: recordOf(1) });
  });

  it('reads the highest epoch by number', () => {
    write(9, formatOwner(recordOf(9)));
    write(10, formatOwner({ ...recordOf(10), endpoint: '/s', token: 't' }));
    write(2, formatOwner(recordOf(2)));
    assert.deepEqual(readOwner(store.path), { ...recordOf(10), endpoint: '/s', token: 't' });
  });

  it('never falls back to an older record when the highest cannot be read', () => {
    write(1, formatOwner(recordOf(1)));
    for (const text of [
      '',
      '{"epoch":2',
      '[]',
      'null',
      formatOwner({ ...recordOf(2), host: 5 } as unknown as OwnerRecord),
      formatOwner(recordOf(3)),
    ]) {
      write(2, text);
      const problems: string[] = [];
      assert.equal(
        readOwner(store.path, (problem) => problems.push(problem)),
        null,
      );
      assert.equal(problems.length, 1);
      assert.equal(inspectOwner(store.path).kind, 'unreadable');
    }
  });

  it('ignores other files', () => {
    assert.equal(highestEpoch(['e-1', 'e-2.77.tmp', 'e-', 'e-03', 'x-9', 'e-1e5']), 1);
  });
});
