import assert from 'node:assert/strict';
import { Database } from '../../../src/runtime/store/database.ts';
import { latestSchema } from '../../../src/runtime/store/migrate.ts';
import { inspectImage, replaceState } from '../../../src/runtime/store/restore.ts';
import { withoutSpace } from '../../support/bytes.ts';
import { crashPoints } from '../../support/crashPoints.ts';
import { makeStoreDisk, numbersIn, openStoreOn, putMany, storeDirectory, upTo } from '../../support/memoryStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { UnsyncedDisk } from '../../support/unsyncedDisk.ts';
import { wasmPath } from '../../support/wasm.ts';

/** A backup of a store with `n 101` to `n 103`. */
async function makeBackup(): Promise<Uint8Array> {
  const disk = new UnsyncedDisk(storeDirectory);
  const store = await openStoreOn(disk);
  await putMany(store, 3, 101);
  const image = await store.backUp();
  await store.close();
  return image;
}

/** A database that this made. */
async function imageOf(script: string): Promise<Uint8Array> {
  const database = await Database.open(null, wasmPath);
  database.execute(script);
  const image = database.export();
  database.close();
  return image;
}

function isSame(one: Buffer, other: Buffer): boolean {
  return withoutSpace(one).equals(withoutSpace(other));
}

describe('inspectImage', () => {
  it('has nothing against a backup', async () => {
    assert.deepEqual(await inspectImage(await makeBackup(), wasmPath), { schema: latestSchema, problem: null });
  });

  it('says what is wrong with anything else', async () => {
    const backup = await makeBackup();
    const torn = Buffer.from(backup);
    torn.fill(0xa5, 4096, 40_000);
    const cases: [string, Uint8Array, RegExp][] = [
      ['text', Buffer.from('not a database at all, only a text'), /not a whole SQLite database/],
      ['a cut file', backup.subarray(0, 5000), /damaged|not a whole/],
      ['a torn file', torn, /damaged|not a whole/],
      ['an empty file', new Uint8Array(0), /another program/],
      ['other tables', await imageOf('CREATE TABLE t (a); PRAGMA user_version = 2'), /another program/],
    ];
    for (const [name, image, expected] of cases) {
      assert.match((await inspectImage(image, wasmPath)).problem ?? 'nothing', expected, name);
    }
  });

  it('does not take a state of a newer version', async () => {
    const database = await Database.open(await makeBackup(), wasmPath);
    database.execute(`PRAGMA user_version = ${String(latestSchema + 1)}`);
    const image = database.export();
    database.close();

    assert.match((await inspectImage(image, wasmPath)).problem ?? '', /newer version/);
  });
});

describe('replaceState', function () {
  this.timeout(60_000);

  it('makes the backup the state and keeps what was there, byte by byte', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 14), { checkpointRecords: 5 });
    const before = disk.files();

    const place = await replaceState(disk, storeDirectory, { image: await makeBackup(), at: 1 });

    const lost = disk.afterPowerLoss({ random: seededRandom(1), kept: 0 });
    const files = [...lost.files()];
    for (const [file, bytes] of before) {
      const kept = files.filter(([, content]) => isSame(content, bytes)).map(([name]) => name);
      assert.equal(kept.length, 1, file);
      assert.ok(kept[0]?.startsWith(place ?? 'nowhere'), kept[0]);
    }
    const store = await openStoreOn(lost);
    assert.deepEqual(numbersIn(store), [101, 102, 103]);
    await store.close();
  });

  it('fills a store that had nothing', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    assert.equal(await replaceState(disk, storeDirectory, { image: await makeBackup(), at: 1 }), null);

    const store = await openStoreOn(disk);
    assert.deepEqual(numbersIn(store), [101, 102, 103]);
    await store.close();
  });

  it('leaves the old state or the new one wherever it is broken off, and the old one is never lost', async () => {
    const image = await makeBackup();
    const disk = await makeStoreDisk((store) => putMany(store, 14), { checkpointRecords: 5 });
    const before = [...disk.files().values()];
    const seen = new Set<string>();
    const replace = (copy: UnsyncedDisk): Promise<unknown> => replaceState(copy, storeDirectory, { image, at: 1 });
    for await (const { disk: found, where } of crashPoints(disk, replace, seededRandom(1))) {
      const store = await openStoreOn(found, { checkpointRecords: 4 });
      const numbers = numbersIn(store);
      const isNew = numbers[0] === 101;
      assert.deepEqual(numbers, isNew ? [101, 102, 103] : upTo(14), where);
      seen.add(isNew ? 'new' : 'old');
      if (isNew) {
        await putMany(store, 20, 200);
        const files = [...found.files().values()];
        for (const bytes of before)
          assert.ok(
            files.some((file) => isSame(file, bytes)),
            where,
          );
      }
      await store.close();
    }
    assert.equal(seen.size, 2);
  });
});
