import assert from 'node:assert/strict';
import * as path from 'node:path';
import { Chance } from './chance.ts';
import { UnsyncedDisk, WorldStopped } from './unsyncedDisk.ts';

const root = path.resolve('/disk');
const at = (...names: string[]): string => path.join(root, ...names);
const text = (disk: UnsyncedDisk, name: string): string => disk.read(at(name)).toString();
const nothingKept = { random: () => 0.99, kept: 0 };

function makeDisk(): UnsyncedDisk {
  return new UnsyncedDisk(root);
}

describe('UnsyncedDisk', () => {
  it('shows everything to the next process after a kill, and nothing unflushed after a power loss', async () => {
    const disk = makeDisk();
    const file = disk.create(at('a'));
    file.write(Buffer.from('flushed'), 0);
    await file.sync();
    await disk.syncDirectory(root);
    file.write(Buffer.from(' not'), 7);
    disk.create(at('b'));

    assert.deepEqual([...disk.afterKill().files().keys()], [at('a'), at('b')]);
    assert.equal(text(disk.afterKill(), 'a'), 'flushed not');
    const found = disk.afterPowerLoss(nothingKept);
    assert.deepEqual([...found.files().keys()], [at('a')]);
    assert.equal(text(found, 'a'), 'flushed');
    assert.equal(text(disk.afterKill().afterPowerLoss(nothingKept), 'a'), 'flushed');
  });

  it('does not flush what was written while a flush was under way', async () => {
    const disk = makeDisk();
    const file = disk.create(at('a'));
    await disk.syncDirectory(root);
    file.write(Buffer.from('early'), 0);
    const flushed = file.sync();
    file.write(Buffer.from('late'), 5);
    await flushed;

    assert.equal(text(disk.afterPowerLoss(nothingKept), 'a'), 'early');
  });

  it('tears writes by sectors, and may keep a length without its content', async () => {
    const results = new Set<string>();
    for (let seed = 1; seed < 400; seed += 1) {
      const disk = makeDisk();
      const file = disk.create(at('a'));
      await disk.syncDirectory(root);
      file.write(Buffer.concat([Buffer.alloc(512, 'a'), Buffer.alloc(512, 'b')]), 0);
      const { random } = new Chance(seed);
      const found = text(disk.afterPowerLoss({ random, kept: 0.5 }), 'a');
      results.add(
        found.replaceAll('a'.repeat(512), 'A').replaceAll('b'.repeat(512), 'B').replaceAll('\0'.repeat(512), '0'),
      );
    }
    assert.deepEqual([...results].sort(), ['', '00', '0B', 'A', 'A0', 'AB']);
  });

  it('keeps or drops a rename as a whole', async () => {
    const results = new Set<string>();
    for (let seed = 1; seed < 50; seed += 1) {
      const disk = makeDisk();
      disk.put(at('old'), Buffer.from('x'));
      disk.put(at('new'), Buffer.from('y'));
      disk.rename(at('old'), at('new'));
      const { random } = new Chance(seed);
      const found = disk.afterPowerLoss({ random, kept: 0.5 }).files();
      results.add([...found].map(([name, bytes]) => `${path.basename(name)}=${bytes.toString()}`).join(' '));
    }
    assert.deepEqual([...results].sort(), ['new=x', 'new=y old=x']);
  });

  it('has a file that was moved to another directory safely only once both were flushed', async () => {
    const disk = makeDisk();
    disk.put(at('a'), Buffer.from('x'));
    disk.makeDirectory(at('below'));
    disk.rename(at('a'), at('below', 'a'));
    assert.deepEqual([...disk.afterPowerLoss(nothingKept).files().keys()], [at('a')]);

    const wrong = disk.afterKill();
    await wrong.syncDirectory(root);
    assert.deepEqual([...wrong.afterPowerLoss(nothingKept).files().keys()], []);
    await disk.syncDirectory(at('below'));
    await disk.syncDirectory(root);
    assert.deepEqual([...disk.afterPowerLoss(nothingKept).files().keys()], [at('below', 'a')]);
  });

  it('forgets what a failed flush should have written, as file systems do', async () => {
    const disk = makeDisk();
    const file = disk.create(at('a'));
    await disk.syncDirectory(root);
    file.write(Buffer.from('x'), 0);
    disk.failAt({ at: 0, code: 'EIO', hits: (operation) => operation.startsWith('sync (end)') });
    await assert.rejects(file.sync(), { code: 'EIO' });
    await file.sync();

    assert.equal(text(disk, 'a'), 'x');
    assert.equal(text(disk.afterPowerLoss(nothingKept), 'a'), '');
    disk.syncFile(at('a'));
    assert.equal(text(disk.afterPowerLoss(nothingKept), 'a'), 'x');
  });

  it('does nothing any more once it was stopped, but for a part of the write that was under way', () => {
    const disk = makeDisk();
    const file = disk.create(at('a'));
    disk.stopAfter(1);
    file.write(Buffer.from('whole'), 0);
    assert.throws(() => {
      file.write(Buffer.from('broken off'), 5);
    }, WorldStopped);
    assert.throws(() => {
      disk.remove(at('a'));
    }, WorldStopped);

    assert.equal(text(disk.afterKill(), 'a'), 'wholebroke');
  });

  it('fails as it was told, with a part of the work done', () => {
    const disk = makeDisk();
    const file = disk.create(at('a'));
    disk.failAt({ at: 0, code: 'ENOSPC', times: 2 });
    for (let time = 0; time < 2; time += 1) {
      assert.throws(
        () => {
          file.write(Buffer.from('1234'), 0);
        },
        { code: 'ENOSPC' },
      );
    }
    assert.equal(text(disk, 'a'), '12');
    file.write(Buffer.from('1234'), 0);
    assert.equal(text(disk, 'a'), '1234');
  });
});
