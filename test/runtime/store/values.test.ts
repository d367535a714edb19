import assert from 'node:assert/strict';
import type { SqlValue } from '../../../src/runtime/store/database.ts';
import type { Store } from '../../../src/runtime/store/store.ts';
import { openStoreOn, putMany, storeDirectory } from '../../support/memoryStore.ts';
import { dumpState } from '../../support/stateDump.ts';
import { UnsyncedDisk } from '../../support/unsyncedDisk.ts';

/** What is written, and what is read then. */
const values: readonly [name: string, written: SqlValue, read: SqlValue][] = [
  ['nothing', null, null],
  ['zero', 0, 0],
  ['negative zero', -0, 0],
  ['the largest of 32 bits', 2 ** 31 - 1, 2 ** 31 - 1],
  ['one more', 2 ** 31, 2 ** 31],
  ['the smallest of 32 bits', -(2 ** 31), -(2 ** 31)],
  ['one less', -(2 ** 31) - 1, -(2 ** 31) - 1],
  ['a time', 1_795_000_000_123, 1_795_000_000_123],
  ['2^53 - 1', 2 ** 53 - 1, 2 ** 53 - 1],
  ['2^53', 2 ** 53, 2 ** 53],
  ['-2^53', -(2 ** 53), -(2 ** 53)],
  ['a fraction', 0.1 + 0.2, 0.1 + 0.2],
  ['the smallest number', Number.MIN_VALUE, Number.MIN_VALUE],
  ['the largest number', Number.MAX_VALUE, Number.MAX_VALUE],
  ['no number', Number.NaN, null],
  ['no text', '', ''],
  ['a NUL', 'a\0b', 'a\ufffdb'],
  ['only a NUL', '\0', '\ufffd'],
  ['half an emoji', 'cut \ud83c', 'cut \ufffd'],
  ['the other half', '\udfba rest', '\ufffd rest'],
  ['halves the wrong way round', '\udfba\ud83c', '\ufffd\ufffd'],
  ['a whole emoji', '🎺', '🎺'],
  ['byte order marks', '\ufeff\ufefftext', 'text'],
  ['one that is not at the beginning', 'a\ufefftext', 'a\ufefftext'],
  ['line separators', 'a\u2028b\u2029c\r\n', 'a\u2028b\u2029c\r\n'],
  ['quotes', `'"\\; --`, `'"\\; --`],
  ['a number as text', '0012', '0012'],
  ['JSON', '{"m":1}', '{"m":1}'],
  ['a long text', 'ä'.repeat(600_000), 'ä'.repeat(600_000)],
];

function write(store: Store): void {
  store.transact((writer) => {
    writer.run('CREATE TABLE odd (id INTEGER PRIMARY KEY, value)');
    for (const [index, [, written]] of values.entries()) {
      writer.run('INSERT INTO odd (id, value) VALUES (?, ?)', [index, written]);
    }
  });
}

function read(store: Store): [string, SqlValue | undefined][] {
  return values.map(([name], index) => [name, store.get('SELECT value FROM odd WHERE id = ?', [index])?.[0]]);
}

function insertInto(writer: { run(sql: string): void }): void {
  writer.run(`INSERT INTO setting (name, value) VALUES ('a', 'b')`);
}

describe('Values in a store', () => {
  it('are the same live, replayed and in a snapshot', async () => {
    const expected = values.map(([name, , value]): [string, SqlValue] => [name, value]);
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    write(store);
    await store.durable();
    assert.deepEqual(read(store), expected);
    const dump = dumpState(store);
    const killed = disk.afterKill();
    await store.close();

    const replayed = await openStoreOn(killed, { checkpointRecords: 1 });
    assert.deepEqual(read(replayed), expected);
    assert.deepEqual(dumpState(replayed), dump);
    replayed.transact(insertInto);
    await putMany(replayed, 3);
    await replayed.close();
    assert.ok([...killed.files().keys()].some((file) => file.includes('snap-')));
    const fromSnapshot = await openStoreOn(killed);
    assert.deepEqual(read(fromSnapshot), expected);
    await fromSnapshot.close();
  });

  it('that the journal cannot say are refused, and leave no trace', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    const before = dumpState(store);
    for (const value of [Infinity, -Infinity]) {
      assert.throws(() => {
        store.transact((writer) => {
          writer.run(`INSERT INTO setting (name, value) VALUES ('a', 'b')`);
          writer.run('INSERT INTO setting (name, value) VALUES (?, ?)', ['c', value]);
        });
      }, RangeError);
    }
    assert.deepEqual(dumpState(store), before);
    await store.close();
  });
});

describe('A transaction that fails', () => {
  it('leaves no trace in the database, the journal or the sequence', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    const before = [store.sequence, dumpState(store), disk.files()];

    for (const failing of ['INSERT INTO nowhere VALUES (1)', `INSERT INTO setting VALUES ('x', NULL)`, 'nonsense']) {
      assert.throws(() => {
        store.transact((writer) => {
          insertInto(writer);
          writer.run(failing);
        });
      });
    }
    store.transact((writer) => void writer.all('SELECT * FROM setting'));

    assert.deepEqual([store.sequence, dumpState(store), disk.files()], before);
    await store.close();
  });

  it('may not be used after its end, nor inside another', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    const writer = store.transact((open) => {
      assert.throws(() => store.transact(() => undefined), /do not nest/);
      return open;
    });

    assert.throws(() => {
      insertInto(writer);
    }, /after its end/);
    await store.close();
  });
});
