import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { JournalWriter } from '../../../src/runtime/store/journal.ts';
import { migrations } from '../../../src/runtime/store/migrations.ts';
import { inStore, makeStoreDisk, numbersIn, openStoreOn, putMany, upTo } from '../../support/memoryStore.ts';
import type { UnsyncedDisk } from '../../support/unsyncedDisk.ts';

/** Where a header keeps the first byte of a thing; see `fileHeader.ts`. */
const headerPlaces = { format: 4, keyId: 64, checksum: 72 } as const;

function makeDisk(): Promise<UnsyncedDisk> {
  return makeStoreDisk((store) => putMany(store, 12), { checkpointRecords: 5 });
}

/** Gives a file another value in its header, with a checksum that fits, as another version would have written it. */
function changeHeader(disk: UnsyncedDisk, file: string, place: number, value: number): void {
  const bytes = disk.read(file);
  bytes.writeUInt8(value, place);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, headerPlaces.checksum)), headerPlaces.checksum);
  disk.put(file, bytes);
}

function newest(disk: UnsyncedDisk, pattern: RegExp): string {
  return [...disk.files().keys()].filter((file) => pattern.test(file)).at(-1) ?? '';
}

async function assertRefusedUntouched(disk: UnsyncedDisk): Promise<void> {
  const before = disk.files();
  await assert.rejects(openStoreOn(disk), { kind: 'version' });
  assert.deepEqual(disk.files(), before);
  assert.equal(disk.openFiles, 0);
}

describe('A store of a newer version', () => {
  for (const place of ['format', 'keyId'] as const) {
    for (const pattern of [/snap-/, /wal-/]) {
      it(`is refused untouched by the ${place} of a ${pattern.source} file`, async () => {
        const disk = await makeDisk();
        changeHeader(disk, newest(disk, pattern), headerPlaces[place], 77);

        await assertRefusedUntouched(disk);
      });
    }
  }

  it('is refused untouched by a schema that its journal has', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 3));
    const known = migrations.slice(0, -1);
    const before = disk.files();

    await assert.rejects(openStoreOn(disk, { migrations: known }), { kind: 'version' });

    assert.deepEqual(disk.files(), before);
  });

  it('is refused untouched by a schema that its snapshot has', async () => {
    const disk = await makeDisk();
    const known = migrations.slice(0, -1);
    const before = disk.files();

    await assert.rejects(openStoreOn(disk, { migrations: known }), { kind: 'version' });

    assert.deepEqual(disk.files(), before);
  });

  it('is not what a damaged header is taken for', async () => {
    const disk = await makeDisk();
    const file = newest(disk, /snap-/);
    const bytes = disk.read(file);
    bytes.writeUInt8(77, headerPlaces.format);
    disk.put(file, bytes);

    const store = await openStoreOn(disk);

    assert.deepEqual(numbersIn(store), upTo(12));
    await store.close();
  });
});

describe('A journal that cannot be repeated', () => {
  it('is damage, whatever it was that failed, and can be continued before it', async () => {
    // A step of the schema that there is already.
    const disk = await makeStoreDisk((store) => putMany(store, 2), { migrations: migrations.slice(0, 1) });
    const start = { generation: 2, baseSequence: 3, writtenAt: 5 };
    const journal = JournalWriter.create(disk, inStore('wal-2.log'), start);
    journal.append(4, 6, { migrate: 1 });
    journal.syncNow();
    journal.close();

    await assert.rejects(openStoreOn(disk), { kind: 'damaged' });
    const store = await openStoreOn(disk, { continueAfter: 3 });

    assert.deepEqual(numbersIn(store), [1, 2]);
    await store.close();
  });
});
