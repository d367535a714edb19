import assert from 'node:assert/strict';
import { headerBytes } from '../../../src/runtime/store/fileHeader.ts';
import { migrations } from '../../../src/runtime/store/migrations.ts';
import { recover, DamagedStateError } from '../../../src/runtime/store/recovery.ts';
import { flipBit } from '../../support/bytes.ts';
import { crashPoints } from '../../support/crashPoints.ts';
import { fileDisk } from '../../support/fileDisk.ts';
import { recordPlaces } from '../../support/journalBytes.ts';
import {
  inStore,
  makeStoreDisk,
  numbersIn,
  openStoreOn,
  put,
  putMany,
  storeDirectory,
  upTo,
  withState,
} from '../../support/memoryStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { isLong } from '../../support/testSize.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { UnsyncedDisk } from '../../support/unsyncedDisk.ts';

type Files = Map<string, Buffer>;

/** A store with two snapshots and journals behind both. */
function makeDisk(): Promise<UnsyncedDisk> {
  return makeStoreDisk((store) => putMany(store, 14), { checkpointRecords: 5 });
}

function filesLike(disk: UnsyncedDisk, pattern: RegExp): string[] {
  return [...disk.files().keys()].filter((file) => pattern.test(file));
}

const anySnapshot = /snap-\d+\.sqjs$/;
const anyJournal = /wal-\d+\.log$/;

function withFile(files: Files, file: string, bytes: Buffer): Files {
  return new Map(files).set(file, bytes);
}

/** What recovery makes of files: everything, or a refusal that leaves the choice to a person. */
function outcome(files: Files): string {
  const { sequence, damage } = recover(fileDisk(files), storeDirectory);
  return damage ? 'refused' : `whole up to ${String(sequence)}`;
}

describe('Recovery of a damaged store', function () {
  this.timeout(60_000);

  it('drops a last transaction that nobody was told of, wherever it was cut', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    await putMany(store, 3);
    const { sequence } = store;
    put(store, 'n 4', 'not flushed');
    const files = disk.files();
    await store.close();
    const [file = ''] = filesLike(disk, anyJournal);
    const bytes = files.get(file) ?? Buffer.alloc(0);
    const last = recordPlaces(bytes).at(-1);
    assert.ok(last);

    for (let at = last.start; at < last.end; at += 1) {
      const cut = bytes.subarray(0, at);
      const zeroed = Buffer.concat([cut, Buffer.alloc(bytes.length - at)]);
      assert.equal(outcome(withFile(files, file, cut)), `whole up to ${String(sequence)}`, `cut at ${String(at)}`);
      assert.equal(outcome(withFile(files, file, zeroed)), `whole up to ${String(sequence)}`, `zeros at ${String(at)}`);
    }
    assert.equal(outcome(files), `whole up to ${String(sequence + 1)}`);
  });

  it('finds every flipped bit of a journal, or has everything', async () => {
    const disk = await makeDisk();
    const files = disk.files();
    const full = outcome(files);
    const refusals = new Map<string, number>();
    for (const file of filesLike(disk, anyJournal)) {
      const bytes = files.get(file) ?? Buffer.alloc(0);
      for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
        const found = outcome(withFile(files, file, flipBit(bytes, Math.floor(bit / 8), bit % 8)));
        if (found === 'refused') refusals.set(file, (refusals.get(file) ?? 0) + 1);
        else assert.equal(found, full, `${file}, bit ${String(bit)}`);
      }
    }
    // The journal behind the newest snapshot cannot be done without.
    assert.ok(
      [...refusals.values()].some((count) => count > 1000),
      JSON.stringify([...refusals]),
    );
  });

  it('does without a snapshot in which any bit is flipped', async () => {
    const disk = await makeDisk();
    const files = disk.files();
    const full = outcome(files);
    const step = isLong ? 7 : 211;
    for (const file of filesLike(disk, anySnapshot)) {
      const bytes = files.get(file) ?? Buffer.alloc(0);
      for (let at = 0; at < bytes.length; at += at < headerBytes ? 1 : step) {
        const flipped = flipBit(bytes, at, at % 8);
        assert.equal(outcome(withFile(files, file, flipped)), full, `${file}, byte ${String(at)}`);
      }
    }
  });

  it('does without a snapshot that was cut anywhere', async () => {
    const disk = await makeDisk();
    const files = disk.files();
    const full = outcome(files);
    const file = filesLike(disk, anySnapshot).at(-1) ?? '';
    const bytes = files.get(file) ?? Buffer.alloc(0);
    for (let length = 0; length < bytes.length; length += length < 200 ? 1 : 997) {
      assert.equal(outcome(withFile(files, file, bytes.subarray(0, length))), full, `cut at ${String(length)}`);
    }
  });

  it('does not take a record in a wrong place for the one that belongs there', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 5));
    const files = disk.files();
    const [file = ''] = filesLike(disk, anyJournal);
    const bytes = files.get(file) ?? Buffer.alloc(0);
    const records = recordPlaces(bytes).filter(({ isSeal }) => !isSeal);
    const [before, last] = records.slice(-2);
    assert.ok(before && last);
    assert.equal(before.end - before.start, last.end - last.start);
    const repeated = Buffer.from(bytes);
    bytes.copy(repeated, last.start, before.start, before.end);

    assert.equal(outcome(withFile(files, file, repeated)), 'refused');
  });

  it('takes no notice of a record that was written a second time behind the others', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 5));
    const files = disk.files();
    const [file = ''] = filesLike(disk, anyJournal);
    const bytes = files.get(file) ?? Buffer.alloc(0);
    for (const { start, end } of recordPlaces(bytes)) {
      const repeated = Buffer.concat([bytes, bytes.subarray(start, end)]);
      assert.equal(outcome(withFile(files, file, repeated)), outcome(files), `the record at ${String(start)}`);
    }
  });

  it('sets a damaged newest snapshot aside, as it is, and says so', async () => {
    const disk = await makeDisk();
    const newest = filesLike(disk, anySnapshot).at(-1) ?? '';
    const damaged = flipBit(disk.read(newest), 5000, 3);
    disk.put(newest, damaged);
    const logger = new TestLogger();

    const store = await openStoreOn(disk, { logger });

    assert.deepEqual(numbersIn(store), upTo(14));
    assert.match(store.remarks.join(), /snap-\d+\.sqjs is damaged/);
    assert.match(logger.lines.join('\n'), /is damaged and was set aside/);
    await store.close();
    const [kept = ''] = filesLike(disk, /quarantine.*snap-/);
    assert.deepEqual(disk.read(kept), damaged);
    const again = await openStoreOn(disk);
    assert.deepEqual([again.remarks, numbersIn(again)], [[], upTo(14)]);
    await again.close();
  });

  it('never loses a damaged snapshot, wherever the start that meets with it is broken off', async () => {
    const disk = await makeDisk();
    const newest = filesLike(disk, anySnapshot).at(-1) ?? '';
    const damaged = flipBit(disk.read(newest), 5000, 3);
    disk.put(newest, damaged);
    const open = async (copy: UnsyncedDisk): Promise<void> => (await openStoreOn(copy)).close();
    for (let seed = 1; seed < 6; seed += 1) {
      for await (const { disk: found, where } of crashPoints(disk, open, seededRandom(seed))) {
        assert.ok(
          [...found.files().values()].some((bytes) => bytes.equals(damaged)),
          where,
        );
        assert.deepEqual(await withState(found, ({ database }) => numbersIn(database)), upTo(14), where);
      }
    }
  });

  it('goes back behind a migration when the first snapshot after it is damaged', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 6), {
      migrations: migrations.slice(0, 1),
      checkpointRecords: 5,
    });
    const before = filesLike(disk, anySnapshot).length;
    const migrated = await openStoreOn(disk, { checkpointRecords: 5 });
    await putMany(migrated, 4, 7);
    await migrated.close();
    assert.equal(filesLike(disk, anySnapshot).length, before + 1);
    const newest = filesLike(disk, anySnapshot).at(-1) ?? '';
    disk.put(newest, flipBit(disk.read(newest), 200, 0));

    const store = await openStoreOn(disk);

    assert.deepEqual(numbersIn(store), upTo(10));
    assert.deepEqual(store.get('PRAGMA user_version'), [migrations.length]);
    await store.close();
  });

  it('refuses when a journal in the middle is missing', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    for (let life = 0; life < 3; life += 1) {
      const store = await openStoreOn(disk);
      await putMany(store, 2, 2 * life + 1);
      await store.close();
    }
    disk.remove(inStore('wal-2.log'));

    await assert.rejects(
      withState(disk, () => undefined),
      (error) => {
        assert.ok(error instanceof DamagedStateError);
        assert.match(error.damage.detail, /missing/);
        assert.equal(error.damage.lastSequence, migrations.length + 2);
        return true;
      },
    );
  });

  it('refuses when neither of two snapshots can be read, with or without journals', async () => {
    const disk = await makeDisk();
    for (const file of filesLike(disk, anySnapshot)) disk.put(file, flipBit(disk.read(file), 300, 0));

    await assert.rejects(
      withState(disk, () => undefined),
      (error) => {
        assert.ok(error instanceof DamagedStateError);
        assert.equal(error.damage.lastSequence, 0);
        assert.match(error.message, /continue with an empty state/);
        return true;
      },
    );

    for (const file of filesLike(disk, anyJournal)) disk.remove(file);
    await assert.rejects(
      withState(disk, () => undefined),
      { kind: 'damaged' },
    );
  });

  it('refuses when the newest snapshot cannot be read and the journals in its place are missing', async () => {
    const disk = await makeDisk();
    const newest = filesLike(disk, anySnapshot).at(-1) ?? '';
    disk.put(newest, flipBit(disk.read(newest), 300, 0));
    for (const file of filesLike(disk, anyJournal)) disk.remove(file);

    await assert.rejects(
      withState(disk, () => undefined),
      { kind: 'damaged' },
    );
  });
});
