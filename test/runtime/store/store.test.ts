import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../../../src/runtime/store/disk.ts';
import { recover } from '../../../src/runtime/store/recovery.ts';
import { journalPath, snapshotPath } from '../../../src/runtime/store/storeFiles.ts';
import { Store } from '../../../src/runtime/store/store.ts';
import { readSetting, writeSetting } from '../../../src/runtime/store/settingTable.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { wasmPath } from '../../support/wasm.ts';

function openStore(
  directory: string,
  options: { checkpointRecords?: number; isFenced?: () => boolean } = {},
): Promise<Store> {
  return Store.open({ directory, wasmPath, logger: new TestLogger(), isFenced: () => false, ...options });
}

/** A record's head and the payload `null`. */
const sealBytes = 28;

function put(store: Store, name: string, value: string): void {
  store.transact((writer) => {
    writeSetting(writer, name, value);
  });
}

function newestJournal(directory: string): string {
  const generations = fs.readdirSync(directory).flatMap((name) => /^wal-(\d+)\.log$/.exec(name)?.[1] ?? []);
  return journalPath(directory, Math.max(...generations.map(Number)));
}

describe('Store', () => {
  it('has everything again after a clean close', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    put(store, 'a', 'ä 🎺 "quoted"\n');
    await store.close();

    const again = await openStore(folder.path);

    assert.equal(readSetting(again, 'a'), 'ä 🎺 "quoted"\n');
    await again.close();
  });

  it('leaves no trace of a transaction that failed', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    const before = store.sequence;

    assert.throws(() => {
      store.transact((writer) => {
        writeSetting(writer, 'a', '1');
        throw new Error('changed my mind');
      });
    }, /changed my mind/);

    assert.equal(readSetting(store, 'a'), null);
    assert.equal(store.sequence, before);
    put(store, 'b', '2');
    await store.close();
    const again = await openStore(folder.path);
    assert.deepEqual([readSetting(again, 'a'), readSetting(again, 'b')], [null, '2']);
    await again.close();
  });

  it('stores a lone surrogate as the same text live and after a restart', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    put(store, 'cut', 'emoji cut: \ud83c');
    const live = readSetting(store, 'cut');
    await store.close();

    const again = await openStore(folder.path);

    assert.equal(readSetting(again, 'cut'), live);
    await again.close();
  });

  it('drops a torn last record and keeps everything before it', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    put(store, 'a', '1');
    put(store, 'b', '2');
    await store.durable();
    await store.close();
    const file = newestJournal(folder.path);
    fs.truncateSync(file, fs.statSync(file).size - sealBytes - 3);

    const again = await openStore(folder.path);

    assert.deepEqual([readSetting(again, 'a'), readSetting(again, 'b')], ['1', null]);
    await again.close();
  });

  it('refuses a journal that is damaged in its middle, and changes nothing', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    for (let index = 0; index < 5; index += 1) put(store, `name ${String(index)}`, 'x'.repeat(50));
    await store.close();
    const file = newestJournal(folder.path);
    const bytes = fs.readFileSync(file);
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    fs.writeFileSync(file, bytes);
    const listing = fs.readdirSync(folder.path);

    await assert.rejects(openStore(folder.path), /is damaged/);

    assert.deepEqual(fs.readdirSync(folder.path), listing);
  });

  it('falls back to the snapshot before a damaged one, and to its journals', async () => {
    using folder = makeTemporaryFolder();
    for (let round = 1; round <= 2; round += 1) {
      const store = await openStore(folder.path);
      for (let index = 0; index < 1_100; index += 1) put(store, 'counter', `${String(round)}.${String(index)}`);
      await store.close();
    }
    const snapshots = fs.readdirSync(folder.path).filter((name) => name.startsWith('snap-'));
    assert.equal(snapshots.length, 2);
    const newest = Math.max(...snapshots.map((name) => Number(/\d+/.exec(name)?.[0])));
    fs.truncateSync(snapshotPath(folder.path, newest), 1_000);

    const again = await openStore(folder.path);

    assert.equal(readSetting(again, 'counter'), '2.1099');
    await again.close();
  });

  it('writes snapshots while it works and drops the journals that they make needless', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path, { checkpointRecords: 20 });
    for (let index = 0; index < 200; index += 1) {
      put(store, 'counter', String(index));
      await store.durable();
    }
    await store.close();

    const names = fs.readdirSync(folder.path);

    assert.equal(names.filter((name) => name.startsWith('snap-')).length, 2);
    assert.ok(names.filter((name) => name.startsWith('wal-')).length <= 4, names.join(' '));
    assert.ok(recover(realDisk, folder.path).records.length < 60);
  });

  it('acknowledges nothing once another owner has taken over', async () => {
    using folder = makeTemporaryFolder();
    let fenced = false;
    const store = await openStore(folder.path, { isFenced: () => fenced });
    fenced = true;
    put(store, 'a', '1');

    await assert.rejects(store.durable(), { kind: 'owned_elsewhere' });

    assert.throws(
      () => {
        put(store, 'b', '2');
      },
      { kind: 'owned_elsewhere' },
    );
    await store.close();
  });

  it('refuses a store of a newer version and leaves it untouched', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    store.transact((writer) => {
      writer.run('PRAGMA user_version = 999');
    });
    await store.close();
    const listing = fs.readdirSync(folder.path);

    await assert.rejects(openStore(folder.path), { kind: 'version' });

    assert.deepEqual(fs.readdirSync(folder.path), listing);
  });

  it('tells what a journal of a crash in its creation is: nothing', async () => {
    using folder = makeTemporaryFolder();
    const store = await openStore(folder.path);
    put(store, 'a', '1');
    await store.close();
    fs.writeFileSync(join(folder.path, 'wal-2.log'), Buffer.alloc(7));

    const again = await openStore(folder.path);

    assert.equal(readSetting(again, 'a'), '1');
    await again.close();
  });
});
