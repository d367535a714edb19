import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../../src/runtime/clock.ts';
import { ConsentStore } from '../../../src/runtime/config/consentStore.ts';
import { UserError } from '../../../src/runtime/errors.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';

const writer = path.join(import.meta.dirname, '../../fixtures/acceptMany.ts');

describe('ConsentStore', () => {
  const temporary = useTemporaryFolder();
  const directory = () => path.join(temporary.path, 'consent');
  const file = () => path.join(directory(), 'folder-1.json');
  const open = (folderId = 'folder-1', log = new TestLogger()) =>
    new ConsentStore({ directory: directory(), folderId, clock: systemClock, log });

  it('has accepted nothing at first', async () => {
    assert.deepEqual(await open().read(), new Set());
  });

  it('remembers everything that was accepted, for one folder', async () => {
    const store = open();
    await store.add(['a']);
    assert.deepEqual(await store.add(['b', 'c']), new Set(['a', 'b', 'c']));
    assert.deepEqual(await open().read(), new Set(['a', 'b', 'c']));
    assert.deepEqual(await open('folder-2').read(), new Set());
  });

  it('leaves neither a lock nor a temporary file', async () => {
    await open().add(['a']);
    assert.deepEqual(readdirSync(directory()), ['folder-1.json']);
  });

  if (process.platform !== 'win32') {
    it('is readable for the user alone', async () => {
      await open().add(['a']);
      assert.equal(statSync(file()).mode & 0o777, 0o600);
      assert.equal(statSync(directory()).mode & 0o777, 0o700);
    });
  }

  it('merges what several stores of one process add at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `hash-${String(index)}`);
    await Promise.all(names.map((name) => open().add([name])));
    assert.deepEqual([...(await open().read())].sort(), names.sort());
  });

  it('merges what several processes add at the same time', async () => {
    const writers: ChildProcess[] = ['a', 'b', 'c'].map((prefix) =>
      fork(writer, [directory(), 'folder-1', prefix, '15']),
    );
    const ends = await Promise.all(writers.map(async (child) => once(child, 'exit')));
    assert.deepEqual(
      ends.map(([code]) => code as number),
      [0, 0, 0],
    );
    assert.equal((await open().read()).size, 45);
  });

  for (const [what, content] of [
    ['is cut off', '{"version":1,"accep'],
    ['is empty', ''],
    ['has another shape', '{"version":1,"accepted":{"a":true}}'],
    ['is of another version', '{"version":2,"accepted":["a"]}'],
  ] as const) {
    it(`sets a file aside that ${what}, and counts nothing as accepted`, async () => {
      mkdirSync(directory());
      writeFileSync(file(), content);
      const log = new TestLogger();
      assert.deepEqual(await open('folder-1', log).read(), new Set());
      assert.ok(log.lines.some((line) => line.startsWith('warn')));
      const [aside] = readdirSync(directory());
      assert.match(aside ?? '', /^folder-1\.json\.corrupt-\d+$/);
      assert.equal(readFileSync(path.join(directory(), aside ?? ''), 'utf8'), content);
      assert.deepEqual(await open().add(['b']), new Set(['b']));
    });
  }

  it('takes over the lock of a process that died', async () => {
    mkdirSync(directory());
    writeFileSync(`${file()}.lock`, '');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(`${file()}.lock`, longAgo, longAgo);
    assert.deepEqual(await open().add(['a']), new Set(['a']));
  });

  it('says what to do when it cannot be stored', async () => {
    writeFileSync(directory(), 'a file in the way');
    await assert.rejects(open().add(['a']), (error) => error instanceof UserError && error.kind === 'storage');
  });
});
