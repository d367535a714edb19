import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SlotFiles } from '../../src/endpoint/slotFiles.ts';
import type { Disposable } from '../../src/runtime/lifecycle.ts';
import { identifyProcess } from '../../src/runtime/processIdentity.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';

const contender = fileURLToPath(new URL('../fixtures/slotContender.ts', import.meta.url));

describe('Slot files', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();
  const slotsOf = (): string[] => readdirSync(join(folder.path, 'slots'));

  /** Notes a slot as a runtime does that has this identity. */
  function plant(name: string, holder: object): void {
    writeFileSync(join(folder.path, 'slots', name), JSON.stringify(holder));
  }

  it('give no more than the limit, and one again for each that is given back', () => {
    const files = new SlotFiles(folder.path);
    assert.deepEqual(
      ['a', 'b', 'c'].map((run) => files.take(run, 2)),
      [true, true, false],
    );
    assert.equal(files.hasRoom(2), false);
    assert.equal(slotsOf().length, 2);

    files.release('a');
    files.release('a');
    files.release('unknown');

    assert.equal(files.hasRoom(2), true);
    assert.equal(files.take('c', 2), true);
    assert.equal(files.take('d', 3), true);
    assert.equal(files.take('e', 1), false);
  });

  it('are never more than the limit, and all get theirs, while processes race for them', async () => {
    const notes = join(folder.path, 'notes');
    const race = [1, 2, 3, 4].map(() => {
      const child = spawn(process.execPath, [contender, folder.path, notes, '2', '150'], { stdio: 'inherit' });
      return once(child, 'exit');
    });

    assert.deepEqual(
      (await Promise.all(race)).map(([code]) => code as number),
      [0, 0, 0, 0],
    );

    let held = 0;
    let most = 0;
    for (const step of readFileSync(notes, 'utf8')) {
      held += step === '+' ? 1 : -1;
      most = Math.max(most, held);
    }
    assert.deepEqual([readFileSync(notes, 'utf8').length, held, most], [1200, 0, 2]);
    assert.deepEqual(slotsOf(), []);
  });

  it('of dead runtimes count for nothing, also where their process id lives on, and go', () => {
    const files = new SlotFiles(folder.path);
    files.take('own', 1);
    const self = identifyProcess(process.pid);
    assert.ok(self);
    const host = hostname();
    plant('dead.999999', { identity: { ...self, pid: 4_194_303 }, host });
    plant(`older.${String(process.pid)}`, { identity: { ...self, startTime: '1' }, host });
    plant('before-boot.7', { identity: { ...self, bootId: 'another' }, host });
    plant('elsewhere.8', { identity: { ...self, pid: 4_194_303 }, host: `not ${host}` });

    assert.equal(files.take('next', 2), true);

    assert.deepEqual(slotsOf().sort(), ['elsewhere.8', `next.${String(process.pid)}`, `own.${String(process.pid)}`]);
    plant('alive.9', { identity: self, host });
    assert.equal(files.take('third', 3), false);
  });

  it('that nobody has written into yet count at first, and not for ever', () => {
    const files = new SlotFiles(folder.path);
    files.take('own', 2);
    const path = join(folder.path, 'slots', 'new.9');
    writeFileSync(path, '');
    assert.equal(files.take('next', 2), false);

    utimesSync(path, 1, 1);

    assert.equal(files.take('next', 2), true);
  });

  it('go first to whoever waited first, but not to one who is gone, or whose own limit is reached', () => {
    const [busy, first, second] = [1, 2, 3].map(() => new SlotFiles(folder.path));
    assert.ok(busy && first && second);
    busy.take('a', 2);
    busy.take('b', 2);
    first.standInLine(2);
    const [place = ''] = slotsOf().filter((name) => name.startsWith('waits-'));
    second.standInLine(3);

    busy.release('a');
    assert.equal(busy.take('c', 2), false);
    assert.equal(second.hasRoom(2), false);
    assert.equal(first.take('d', 2), true);
    assert.equal(second.hasRoom(3), true);
    assert.equal(second.take('e', 3), true);
    busy.release('b');

    first.standInLine(1);
    assert.equal(busy.take('f', 3), true);
    busy.release('f');
    first.leaveLine();
    writeFileSync(join(folder.path, 'slots', place.replace(/-\d+-2$/, '-4194303-9')), '');
    assert.equal(busy.take('g', 3), true);
  });

  it('tell those who wait when one is given back', async () => {
    const files = new SlotFiles(folder.path);
    files.take('a', 1);
    let watch: Disposable | undefined;
    const told = new Promise<void>((resolve) => {
      watch = files.watch(resolve);
    });

    files.release('a');

    await told;
    watch?.dispose();
  });
});
