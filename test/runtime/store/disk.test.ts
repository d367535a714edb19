import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { realDisk } from '../../../src/runtime/store/disk.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

describe('The disk of this machine', () => {
  it('writes at once and later, reads back, cuts, and lets nobody else read', async () => {
    using folder = makeTemporaryFolder();
    const name = path.join(folder.path, 'a');
    const file = realDisk.create(name);
    file.write(Buffer.from('one three'), 0);
    await file.writeLater(Buffer.from('two'), 4);
    await file.sync();
    file.syncNow();
    const bytes = Buffer.alloc(20);
    assert.equal(await file.readLater(bytes, 4), 5);
    assert.equal(bytes.toString('utf8', 0, 5), 'twoee');
    file.truncate(3);
    file.close();

    assert.equal(realDisk.read(name).toString(), 'one');
    assert.throws(() => realDisk.create(name), { code: 'EEXIST' });
    if (process.platform !== 'win32') assert.equal(fs.statSync(name).mode & 0o777, 0o600);
  });

  it('leaves a file as it is when it makes it durable', () => {
    using folder = makeTemporaryFolder();
    for (const [name, bytes] of [
      ['empty', Buffer.alloc(0)],
      ['long', Buffer.alloc(300_000, 'ab')],
    ] as const) {
      const file = path.join(folder.path, name);
      fs.writeFileSync(file, bytes);
      realDisk.syncFile(file);
      assert.deepEqual(fs.readFileSync(file), bytes);
    }
  });

  it('lists, renames over what is there, removes what may not be there, and flushes directories', async () => {
    using folder = makeTemporaryFolder();
    const at = (name: string): string => path.join(folder.path, name);
    realDisk.makeDirectory(at('below/deep'));
    fs.writeFileSync(at('a'), 'a');
    fs.writeFileSync(at('b'), 'b');
    realDisk.rename(at('a'), at('b'));
    realDisk.remove(at('nowhere'));
    await realDisk.syncDirectory(folder.path);

    assert.deepEqual(realDisk.list(folder.path).sort(), ['b', 'below']);
    assert.equal(realDisk.read(at('b')).toString(), 'a');
  });

  // On Linux, memory is a file system of its own: no file of another one can have a name there.
  const places = ['/dev/shm']
    .filter((place) => fs.existsSync(place))
    .map((place) => path.join(place, 'reveille-test-'));
  for (const place of [undefined, ...places]) {
    it(`gives a file a second name, or a copy where that cannot be (${place === undefined ? 'same' : 'other'} place)`, () => {
      using folder = makeTemporaryFolder();
      const other = place === undefined ? path.join(folder.path, 'other') : fs.mkdtempSync(place);
      realDisk.makeDirectory(other);
      try {
        const from = path.join(folder.path, 'a');
        const to = path.join(other, 'a');
        fs.writeFileSync(from, 'content');

        realDisk.link(from, to);

        realDisk.remove(from);
        assert.equal(fs.readFileSync(to, 'utf8'), 'content');
        fs.writeFileSync(from, 'another');
        assert.throws(
          () => {
            realDisk.link(from, to);
          },
          { code: 'EEXIST' },
        );
        assert.equal(fs.readFileSync(to, 'utf8'), 'content');
      } finally {
        fs.rmSync(other, { recursive: true });
      }
    });
  }
});
