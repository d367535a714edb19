import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { crashPoints } from '../../support/crashPoints.ts';
import {
  inStore,
  makeStoreDisk,
  numbersIn,
  openStoreOn,
  put,
  putMany,
  storeDirectory,
  upTo,
} from '../../support/memoryStore.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { UnsyncedDisk } from '../../support/unsyncedDisk.ts';
import { wasmPath } from '../../support/wasm.ts';

/** The worst that can happen now: all that is not flushed is lost. */
function afterTotalLoss(disk: UnsyncedDisk): UnsyncedDisk {
  return disk.afterPowerLoss({ random: seededRandom(1), kept: 0 });
}

async function numbersOn(disk: UnsyncedDisk): Promise<number[]> {
  const store = await openStoreOn(disk);
  const numbers = numbersIn(store);
  await store.close();
  return numbers;
}

describe('A store whose disk fails', function () {
  this.timeout(60_000);
  const failures: readonly [what: string, operation: RegExp][] = [
    ['a write', /^write .*wal-/],
    ['a flush', /^sync \(end\) .*wal-/],
  ];
  for (const [what, operation] of failures) {
    for (const code of ['EIO', 'ENOSPC']) {
      it(`acknowledges nothing after ${what} ended with ${code}, says so once, and goes on being read`, async () => {
        const disk = new UnsyncedDisk(storeDirectory);
        const store = await openStoreOn(disk);
        await putMany(store, 3);
        disk.failAt({ at: 0, code, hits: (name) => operation.test(name) });

        await assert.rejects(putMany(store, 1, 4), { kind: 'storage' });

        assert.match((await store.failed).message, new RegExp(`${code}.*Restart Runtime`, 's'));
        assert.throws(
          () => {
            put(store, 'n 5', '5');
          },
          { kind: 'storage' },
        );
        await assert.rejects(store.durable(), { kind: 'storage' });
        assert.deepEqual(numbersIn(store).slice(0, 3), upTo(3));
        await store.close();
        assert.equal(disk.openFiles, 0);
        assert.deepEqual((await numbersOn(disk.afterKill())).slice(0, 3), upTo(3));
      });
    }
  }

  it('does not trust what a failed flush left in memory, once it is opened again', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    await putMany(store, 3);
    disk.failAt({ at: 0, code: 'EIO', hits: (name) => name.startsWith('sync (end)') });
    put(store, 'n 4', '4');
    await assert.rejects(store.durable());
    await store.close();

    const again = await openStoreOn(disk);
    assert.deepEqual(numbersIn(again), upTo(4));
    await putMany(again, 1, 5);

    assert.deepEqual(await numbersOn(afterTotalLoss(disk)), upTo(5));
    await again.close();
  });

  it('opens or fails with a reason wherever its disk fails, and leaves no file open', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 12), { checkpointRecords: 5 });
    let failed = 0;
    for (let at = 1; at < 60; at += 1) {
      const copy = disk.afterKill();
      copy.failAt({ at, code: 'EROFS' });
      const numbers = await numbersOn(copy).catch((error: unknown) => {
        assert.equal((error as { kind?: string }).kind, 'storage', String(error));
        return null;
      });
      if (numbers === null) failed += 1;
      else assert.deepEqual(numbers, upTo(12));
      assert.equal(copy.openFiles, 0, `at ${String(at)}`);
      assert.deepEqual(await numbersOn(copy.afterKill()), upTo(12));
    }
    assert.ok(failed > 5, String(failed));
  });

  it('is refused in a folder that cannot be written, and is as it was', async () => {
    const disk = await makeStoreDisk((store) => putMany(store, 3));
    const before = disk.files();
    disk.failAt({ at: 0, code: 'EROFS', times: Infinity, hits: (name) => !name.startsWith('syncDirectory') });

    await assert.rejects(openStoreOn(disk), { kind: 'storage', message: /EROFS.*folder writable/s });

    assert.deepEqual(disk.files(), before);
  });

  it('goes on without a snapshot that could not be written, leaves nothing of it, and writes the next', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const logger = new TestLogger();
    const store = await openStoreOn(disk, { checkpointRecords: 10, logger });
    disk.failAt({ at: 0, code: 'ENOSPC', hits: (name) => /writeLater.*snap-/.test(name) });
    let count = 0;
    // How many records the schema takes is none of this test's business.
    for (; logger.errors.length === 0 && count < 20; count += 1) await putMany(store, 1, count + 1);
    assert.match(JSON.stringify(logger.errors), /Writing a snapshot of the store failed/);
    assert.doesNotMatch([...disk.files().keys()].join(), /snap-/);

    await putMany(store, 30, count + 1);

    assert.match([...disk.files().keys()].join(), /snap-\d+\.sqjs/);
    assert.deepEqual(await numbersOn(afterTotalLoss(disk)), upTo(count + 30));
    await store.close();
  });

  it('does not begin a journal with every transaction while snapshots fail', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk, { checkpointRecords: 10 });
    disk.failAt({ at: 0, code: 'ENOSPC', times: Infinity, hits: (name) => name.includes('snap-') });

    await putMany(store, 200);

    const journals = [...disk.files().keys()].filter((file) => file.includes('wal-'));
    assert.ok(journals.length <= 25, String(journals.length));
    disk.failAt(null);
    await store.close();
    assert.deepEqual(await numbersOn(disk), upTo(200));
  });

  it('cannot begin a journal: nothing is acknowledged any more, and everything before is there', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk, { checkpointRecords: 5 });
    disk.failAt({ at: 0, code: 'ENOSPC', hits: (name) => /^create .*wal-/.test(name) });
    await assert.rejects(putMany(store, 20), { kind: 'storage' });
    const last = numbersIn(store).length;
    await store.close();

    assert.deepEqual((await numbersOn(afterTotalLoss(disk))).slice(0, last - 1), upTo(last - 1));
  });

  it('never acknowledges what another owner might not see, and keeps what it had acknowledged', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    let isFenced = false;
    const store = await openStoreOn(disk, { isFenced: () => isFenced, checkpointRecords: 5 });
    await putMany(store, 3);
    isFenced = true;

    await assert.rejects(putMany(store, 20, 4), { kind: 'owned_elsewhere' });

    await assert.rejects(store.durable(), { kind: 'owned_elsewhere' });
    await store.close();
    assert.deepEqual((await numbersOn(disk)).slice(0, 3), upTo(3));
  });

  it('leaves the unacknowledged tail of a fenced owner behind, once its successor has begun', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const old = await openStoreOn(disk);
    await putMany(old, 3);
    const successor = await openStoreOn(disk);
    put(old, 'n 99', '99');
    await putMany(successor, 1, 4);

    assert.deepEqual(await numbersOn(disk.afterKill()), upTo(4));
    await successor.close();
    await old.close();
  });
});

describe('The space of a journal', () => {
  const journalBytes = (disk: UnsyncedDisk): number => disk.read(inStore('wal-1.log')).length;

  it('is taken in advance and given back when the store closes', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    await putMany(store, 3);
    assert.equal(journalBytes(disk), 256 * 1024);
    put(store, 'long', 'x'.repeat(300_000));
    assert.equal(journalBytes(disk), 512 * 1024);
    await store.close();
    assert.ok(journalBytes(disk) < 330_000, String(journalBytes(disk)));
    assert.deepEqual(await numbersOn(disk), upTo(3));
  });

  it('is given back by a store that failed', async () => {
    const disk = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(disk);
    disk.failAt({ at: 0, code: 'ENOSPC', hits: (name) => /^write .*wal-/.test(name) });
    await assert.rejects(putMany(store, 1));
    await store.close();

    assert.ok(journalBytes(disk) < 10_000, String(journalBytes(disk)));
  });
});

describe('A start', function () {
  this.timeout(60_000);

  it('has made durable what it found before anybody can see it', async () => {
    const work = async (disk: UnsyncedDisk): Promise<void> => {
      const store = await openStoreOn(disk, { checkpointRecords: 4 });
      for (let index = 1; index < 20; index += 1) {
        put(store, `n ${String(index)}`, String(index));
        if (index % 3 === 0) await store.durable();
      }
      await store.close();
    };
    for await (const { disk, where } of crashPoints(new UnsyncedDisk(storeDirectory), work, seededRandom(3))) {
      const store = await openStoreOn(disk);
      const seen = numbersIn(store);
      const lost = afterTotalLoss(disk);
      await store.close();

      assert.deepEqual(await numbersOn(lost), seen, where);
    }
  });

  it('can be broken off at any operation, and lose power, as often as it likes', async () => {
    const first = new UnsyncedDisk(storeDirectory);
    const store = await openStoreOn(first, { checkpointRecords: 5 });
    await putMany(store, 9);
    put(store, 'n 10', '10');
    let disk = first.afterKill();
    await store.close();
    const random = seededRandom(7);
    for await (const { disk: found, where } of crashPoints(disk, numbersOn, random)) {
      const numbers = await numbersOn(found.afterKill());
      assert.deepEqual(numbers, upTo(numbers.length), where);
      assert.ok(numbers.length >= 9, where);
      disk = found;
    }
    assert.ok((await numbersOn(disk)).length >= 9);
  });
});

describe('A real disk', function () {
  this.timeout(120_000);

  it('that is full, or cannot be written, loses nothing acknowledged', () => {
    using folder = makeTemporaryFolder();
    const program = fileURLToPath(new URL('../../fixtures/programs/fullDisk.ts', import.meta.url));
    const node = [process.execPath, '--no-warnings', program, wasmPath, folder.path];
    // With a small file system of its own where that is allowed, else with a disk that counts what it takes.
    const small = `mount -t tmpfs -o size=2m tmpfs '${folder.path}' && exec "$@" mounted`;
    const unshare =
      process.platform === 'linux' ? spawnSync('unshare', ['-rm', 'sh', '-c', small, 'sh', ...node]) : null;
    const isMounted = unshare?.status === 0;
    const { stdout, stderr } = isMounted ? unshare : spawnSync(node[0] ?? '', [...node.slice(1), 'counted']);

    assert.equal(stderr.toString(), '');
    const result = JSON.parse(stdout.toString()) as Record<string, unknown>;
    assert.deepEqual(result, {
      isFull: 'storage',
      isReadAfterwards: true,
      lost: 0,
      isReadOnly: 'storage',
      isWhole: true,
    });
  });
});
