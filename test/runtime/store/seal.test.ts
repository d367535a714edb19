import assert from 'node:assert/strict';
import type { Store } from '../../../src/runtime/store/store.ts';
import { flipBit } from '../../support/bytes.ts';
import { recordPlaces } from '../../support/journalBytes.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { inStore, numbersIn, openStoreOn, put, putMany, storeDirectory, withState } from '../../support/memoryStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { UnsyncedDisk } from '../../support/unsyncedDisk.ts';

const journal = inStore('wal-1.log');

async function start(): Promise<{ disk: UnsyncedDisk; clock: ManualClock; store: Store }> {
  const disk = new UnsyncedDisk(storeDirectory);
  const clock = new ManualClock();
  const store = await openStoreOn(disk, { clock });
  await putMany(store, 2);
  return { disk, clock, store };
}

function sealsIn(disk: UnsyncedDisk): number {
  return recordPlaces(disk.read(journal)).filter(({ isSeal }) => isSeal).length;
}

/** Turns every bit of the last transaction over, one after the other; answers how often that was found. */
async function countRefusals(disk: UnsyncedDisk): Promise<{ refused: number; bits: number }> {
  const bytes = disk.read(journal);
  const last = recordPlaces(bytes).findLast(({ isSeal }) => !isSeal);
  assert.ok(last);
  let refused = 0;
  for (let at = last.start; at < last.end; at += 1) {
    const copy = disk.afterKill();
    copy.put(journal, flipBit(bytes, at, at % 8));
    await withState(copy, () => undefined).catch((error: unknown) => {
      assert.equal((error as { kind?: string }).kind, 'damaged');
      refused += 1;
    });
  }
  return { refused, bits: last.end - last.start };
}

describe('The seal of a journal', function () {
  this.timeout(60_000);

  it('is written when nothing has happened for 50 ms, once', async () => {
    const { disk, clock, store } = await start();
    clock.tick(49);
    assert.equal(sealsIn(disk), 0);

    clock.tick(1);

    assert.equal(sealsIn(disk), 1);
    clock.tick(1000);
    await store.durable();
    clock.tick(1000);
    assert.equal(sealsIn(disk), 1);
    await putMany(store, 1, 3);
    await clock.whenTimerSet();
    clock.tick(50);
    assert.equal(sealsIn(disk), 2);
    await store.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('is put off by whatever happens meanwhile', async () => {
    const { disk, clock, store } = await start();
    for (let index = 3; index < 10; index += 1) {
      clock.tick(40);
      await putMany(store, 1, index);
    }
    assert.equal(sealsIn(disk), 0);
    await store.close();
  });

  it('is not written over a transaction that is not durable yet', async () => {
    const { disk, clock, store } = await start();
    put(store, 'n 3', '3');
    clock.tick(1000);
    assert.equal(sealsIn(disk), 0);
    await store.close();
  });

  it('shows any damage to the last transaction that was acknowledged', async () => {
    const { disk, clock, store } = await start();
    clock.tick(50);

    const { refused, bits } = await countRefusals(disk);

    assert.equal(refused, bits);
    await store.close();
  });

  it('is durable once the store was closed', async () => {
    const { disk, store } = await start();
    await store.close();
    const found = disk.afterPowerLoss({ random: seededRandom(1), kept: 0 });

    assert.equal(sealsIn(found), 1);

    const { refused, bits } = await countRefusals(found);
    assert.equal(refused, bits);
  });

  it('may itself be damaged: then everything is there', async () => {
    const { disk, store } = await start();
    await store.close();
    const bytes = disk.read(journal);
    const seal = recordPlaces(bytes).at(-1);
    assert.ok(seal?.isSeal);
    for (let at = seal.start; at < seal.end; at += 1) {
      const copy = disk.afterKill();
      copy.put(journal, flipBit(bytes, at, at % 8));
      assert.deepEqual(await withState(copy, ({ database }) => numbersIn(database)), [1, 2]);
    }
  });
});
