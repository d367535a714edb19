import assert from 'node:assert/strict';
import { Database } from '../../../src/runtime/store/database.ts';
import { migrations } from '../../../src/runtime/store/migrations.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { makeStoreDisk, numbersIn, openStoreOn, putMany } from '../../support/memoryStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import type { UnsyncedDisk } from '../../support/unsyncedDisk.ts';
import { wasmPath } from '../../support/wasm.ts';

const dayMs = 86_400_000;
const old = migrations.slice(0, 1);

function keptFiles(disk: UnsyncedDisk): string[] {
  return [...disk.files().keys()].filter((file) => file.includes('before-migration'));
}

describe('The state before a migration', () => {
  it('is kept as a database that SQLite opens, durably before the store is', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 5), { migrations: old });
    const store = await openStoreOn(disk);
    await putMany(store, 1, 6);
    const found = disk.afterPowerLoss({ random: seededRandom(1), kept: 0 });
    await store.close();

    const files = keptFiles(found);

    assert.equal(files.length, 1);
    const image = await Database.open(found.read(files[0] ?? ''), wasmPath);
    assert.deepEqual([image.get('PRAGMA user_version'), numbersIn(image)], [[1], [1, 2, 3, 4, 5]]);
    assert.deepEqual(image.all('PRAGMA integrity_check'), [['ok']]);
    image.close();
  });

  it('is not kept of a new store, nor when nothing is migrated', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 1));
    await (await openStoreOn(disk)).close();

    assert.deepEqual(keptFiles(disk), []);
  });

  it('goes after 30 days', async () => {
    const clock = new ManualClock();
    const disk = await makeStoreDisk((store) => putMany(store, 5), { migrations: old });
    await (await openStoreOn(disk, { clock })).close();
    clock.jump(29 * dayMs);
    await (await openStoreOn(disk, { clock })).close();
    assert.equal(keptFiles(disk).length, 1);

    clock.jump(2 * dayMs);
    await (await openStoreOn(disk, { clock })).close();

    assert.deepEqual(keptFiles(disk), []);
  });

  it('leaves nothing half written when the disk is full, and is made the next time', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 5), { migrations: old });
    disk.failAt({ at: 0, code: 'ENOSPC', hits: (operation) => /writeLater.*before-migration/.test(operation) });

    await assert.rejects(openStoreOn(disk), { kind: 'storage' });

    assert.equal(disk.openFiles, 0);
    await (await openStoreOn(disk)).close();
    assert.equal(keptFiles(disk).length, 1);
    assert.doesNotMatch(keptFiles(disk).join(), /tmp/);
  });
});
