import assert from 'node:assert/strict';
import { migrations } from '../../../src/runtime/store/migrations.ts';
import { DamagedStateError } from '../../../src/runtime/store/recovery.ts';
import type { Store } from '../../../src/runtime/store/store.ts';
import { flipBit } from '../../support/bytes.ts';
import { crashPoints } from '../../support/crashPoints.ts';
import { recordPlaces } from '../../support/journalBytes.ts';
import { inStore, makeStoreDisk, numbersIn, openStoreOn, putMany, upTo, withState } from '../../support/memoryStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import type { UnsyncedDisk } from '../../support/unsyncedDisk.ts';

const checkpointRecords = 7;
/** Transactions of the store that is damaged: so many that its last journal has six records, the schema's steps counted. */
const all = 24 + ((checkpointRecords * 100 + 6 - 24 - migrations.length) % checkpointRecords);

/** A store with snapshots in whose last journal something is damaged. */
async function makeDamaged(): Promise<{ disk: UnsyncedDisk; file: string; damaged: Buffer; lastSequence: number }> {
  const disk = await makeStoreDisk((store) => putMany(store, all), { checkpointRecords });
  const [file = ''] = [...disk.files().keys()].filter((name) => /wal-/.test(name)).slice(-1);
  const bytes = disk.read(file);
  const record = recordPlaces(bytes).at(1);
  assert.ok(record);
  const damaged = flipBit(bytes, record.start + 30, 2);
  disk.put(file, damaged);
  return { disk, file, damaged, lastSequence: await refusedAfter(disk) };
}

/** The last transaction that a refusal to open names. */
async function refusedAfter(disk: UnsyncedDisk, continueAfter?: number): Promise<number> {
  let last = Number.NaN;
  await assert.rejects(openStoreOn(disk, { continueAfter }), (error) => {
    assert.ok(error instanceof DamagedStateError);
    last = error.damage.lastSequence;
    return true;
  });
  return last;
}

function holds(disk: UnsyncedDisk, bytes: Buffer): string[] {
  return [...disk.files()].filter(([, content]) => content.equals(bytes)).map(([file]) => file);
}

async function writeSnapshots(store: Store): Promise<void> {
  await putMany(store, 30, 100);
  await store.close();
}

describe('Continuing with a damaged store', function () {
  this.timeout(60_000);

  it('is refused for another transaction than the last, and changes nothing', async () => {
    const { disk, lastSequence } = await makeDamaged();
    const files = disk.files();
    for (const wrong of [undefined, 0, lastSequence - 1, lastSequence + 1]) {
      assert.equal(await refusedAfter(disk, wrong), lastSequence);
    }
    assert.deepEqual(disk.files(), files);
  });

  it('has everything up to there, keeps the damaged file as it is, and starts without a word the next time', async () => {
    const { disk, file, damaged, lastSequence } = await makeDamaged();

    const store = await openStoreOn(disk, { continueAfter: lastSequence });

    const numbers = numbersIn(store);
    assert.deepEqual(numbers, upTo(numbers.length));
    assert.ok(numbers.length > 10 && numbers.length < all, String(numbers.length));
    assert.equal(store.sequence, lastSequence);
    assert.match(store.remarks.join(), /kept in .*quarantine/);
    await store.close();
    assert.equal(disk.files().has(file), false);
    assert.match(holds(disk, damaged).join(), /quarantine/);
    const again = await openStoreOn(disk);
    assert.deepEqual([again.remarks, numbersIn(again)], [[], numbers]);
    await again.close();
  });

  it('goes on from an empty state if nothing can be read, and only if that was chosen', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 3));
    disk.put(inStore('wal-1.log'), flipBit(disk.read(inStore('wal-1.log')), 8, 0));
    assert.equal(await refusedAfter(disk), 0);

    const store = await openStoreOn(disk, { continueAfter: 0 });

    assert.deepEqual(numbersIn(store), []);
    await store.close();
  });

  it('can be broken off at any operation: the damage is still there, or it is over; the damaged file is never lost', async () => {
    const { disk, damaged, lastSequence } = await makeDamaged();
    let refusals = 0;
    let continued = 0;
    const open = async (copy: UnsyncedDisk): Promise<void> => {
      const store = await openStoreOn(copy, { continueAfter: lastSequence });
      await store.close();
    };
    const expected = await withContinued(disk.afterKill(), lastSequence);
    for await (const { disk: found, where } of crashPoints(disk, open, seededRandom(1))) {
      assert.ok(holds(found, damaged).length > 0, where);
      const isRefused = await withState(found.afterKill(), () => false).catch((error: unknown) => {
        assert.ok(error instanceof DamagedStateError, where);
        assert.equal(error.damage.lastSequence, lastSequence, where);
        return true;
      });
      if (isRefused) refusals += 1;
      else continued += 1;
      const store = await openStoreOn(found, { continueAfter: lastSequence, checkpointRecords: 4 });
      assert.deepEqual(numbersIn(store), expected, where);
      await writeSnapshots(store);
      assert.match(holds(found, damaged).join(), /quarantine/, where);
    }
    assert.ok(refusals > 5 && continued > 5, `${String(refusals)} ${String(continued)}`);
  });
});

async function withContinued(disk: UnsyncedDisk, continueAfter: number): Promise<number[]> {
  const store = await openStoreOn(disk, { continueAfter });
  const numbers = numbersIn(store);
  await store.close();
  return numbers;
}
