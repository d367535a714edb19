import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Registry } from '../../src/endpoint/registry.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';

const folder = { id: 'a'.repeat(32), path: '/srv/app' };
const registryModule = new URL('../../src/endpoint/registry.ts', import.meta.url).href;

describe('Registry', () => {
  const temporary = useTemporaryFolder();
  const open = (): Registry => Registry.open(join(temporary.path, 'state'));
  const entryFile = (): string => join(temporary.path, 'state', 'folders', `${folder.id}.json`);

  it('is closed to other users, also where it was open before', () => {
    mkdirSync(join(temporary.path, 'state'), { mode: 0o755 });
    open();
    if (process.platform === 'win32') return;
    assert.equal(statSync(join(temporary.path, 'state')).mode & 0o777, 0o700);
    assert.equal(statSync(join(temporary.path, 'state', 'folders')).mode & 0o777, 0o700);
  });

  it('is not opened through a link or in place of a file', () => {
    mkdirSync(join(temporary.path, 'elsewhere'));
    symlinkSync(join(temporary.path, 'elsewhere'), join(temporary.path, 'state'), 'junction');
    assert.throws(open, (error) => error instanceof UserError && error.kind === 'storage');
    writeFileSync(join(temporary.path, 'file'), '');
    assert.throws(() => Registry.open(join(temporary.path, 'file', 'x')), UserError);
  });

  it('gives everybody the store of the first who asked', async () => {
    const first = await open().findOrCreate(folder, '/stores/1');
    const second = await open().findOrCreate(folder, '/stores/2');
    assert.equal(first.store, '/stores/1');
    assert.deepEqual(second, first);
    assert.deepEqual(open().find(folder), first);
    assert.deepEqual(open().list(), [first]);
    if (process.platform !== 'win32') assert.equal(statSync(entryFile()).mode & 0o777, 0o600);
  });

  it('gives processes that race one store', async () => {
    open();
    const script = `
      import { Registry } from ${JSON.stringify(registryModule)};
      const entry = await Registry.open(process.argv[1]).findOrCreate(${JSON.stringify(folder)}, '/stores/' + process.pid);
      process.stdout.write(entry.store);`;
    const stores = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script, join(temporary.path, 'state')]);
        let output = '';
        child.stdout.on('data', (piece: Buffer) => (output += piece.toString()));
        await once(child, 'close');
        return output;
      }),
    );
    assert.match(stores[0] ?? '', /^\/stores\/\d+$/);
    assert.deepEqual(new Set(stores).size, 1);
    assert.deepEqual(readdirSync(join(temporary.path, 'state', 'folders')), [`${folder.id}.json`]);
  });

  it('remembers the newest build, whoever used the folder last', async () => {
    const registry = open();
    await registry.findOrCreate(folder, '/stores/1');
    await registry.recordUse(folder, { version: '1.2.0', stamp: 5 });
    await registry.recordUse(folder, { version: '1.1.0', stamp: 9 });
    const entry = await registry.recordUse(folder, null);
    assert.deepEqual(entry.newestVersion, { version: '1.2.0', stamp: 5 });
    assert.deepEqual(open().find(folder), entry);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        registry.recordUse(folder, { version: `1.3.${String(index)}`, stamp: 0 }),
      ),
    );
    assert.equal(open().find(folder)?.newestVersion?.version, '1.3.19');
  });

  it('sets a damaged entry aside and keeps the store that it still names', async () => {
    const registry = open();
    const store = join(temporary.path, 'store');
    mkdirSync(store);
    await registry.findOrCreate(folder, store);
    const damaged = readFileSync(entryFile(), 'utf8').slice(0, -20);
    writeFileSync(entryFile(), damaged);
    assert.equal(registry.find(folder), null);
    assert.deepEqual(registry.list(), []);
    assert.equal((await registry.findOrCreate(folder, '/stores/2')).store, store);
    const aside = readdirSync(join(temporary.path, 'state', 'folders')).find((name) => name.includes('damaged'));
    assert.equal(readFileSync(join(temporary.path, 'state', 'folders', aside ?? ''), 'utf8'), damaged);
  });

  it('makes a new entry where nothing can be read in the old one', async () => {
    const registry = open();
    writeFileSync(entryFile(), Buffer.from([0, 1, 2, 3]));
    assert.equal((await registry.findOrCreate(folder, '/stores/2')).store, '/stores/2');
  });

  it('gives a folder the store of another entry, and keeps the one that it had', async () => {
    const registry = open();
    const old = { id: 'b'.repeat(32), path: '/old/app' };
    await registry.findOrCreate(old, '/stores/old');
    await registry.recordUse(old, { version: '2.0.0', stamp: 1 });
    await registry.findOrCreate(folder, '/stores/new');
    const asked: string[] = [];

    const entry = await registry.adopt(folder, old.id, (store) => asked.push(store));

    assert.deepEqual([entry.store, entry.path, entry.newestVersion?.version], ['/stores/old', folder.path, '2.0.0']);
    assert.deepEqual(registry.find(folder), entry);
    assert.equal(registry.find(old), null);
    assert.deepEqual(asked, ['/stores/old', '/stores/new']);
    const former = registry.list().find(({ id }) => id !== folder.id);
    assert.deepEqual([former?.store, former?.path], ['/stores/new', folder.path]);
    await registry.adopt(folder, former?.id ?? '', () => undefined);
    assert.equal(registry.find(folder)?.store, '/stores/new');
    assert.deepEqual(
      registry
        .list()
        .map(({ store }) => store)
        .sort(),
      ['/stores/new', '/stores/old'],
    );
  });

  it('changes nothing when a store is not free, or the entry has gone', async () => {
    const registry = open();
    const old = { id: 'b'.repeat(32), path: '/old/app' };
    await registry.findOrCreate(old, '/stores/old');
    await registry.findOrCreate(folder, '/stores/new');
    const before = registry.list();
    const busy = (): never => {
      throw new UserError('owned_elsewhere', 'somebody works with it');
    };

    await assert.rejects(registry.adopt(folder, old.id, busy), { kind: 'owned_elsewhere' });
    await assert.rejects(
      registry.adopt(folder, 'c'.repeat(32), () => undefined),
      { kind: 'not_found' },
    );
    await assert.rejects(
      registry.adopt(folder, folder.id, () => undefined),
      { kind: 'refused' },
    );

    assert.deepEqual(registry.list(), before);
  });

  it('lets two folders that want the same store at once have it once', async () => {
    const registry = open();
    const old = { id: 'b'.repeat(32), path: '/old/app' };
    const other = { id: 'c'.repeat(32), path: '/other/app' };
    await registry.findOrCreate(old, '/stores/old');
    const wishes = [folder, other].map((one) => open().adopt(one, old.id, () => undefined));

    const results = await Promise.allSettled(wishes);

    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(registry.list().filter(({ store }) => store === '/stores/old').length, 1);
  });

  it('confirms the store of a folder to one who owns it, and no other', async () => {
    const registry = open();
    assert.equal(await registry.confirm(folder, '/stores/1'), true);
    assert.equal(await registry.confirm(folder, '/stores/1'), true);
    assert.equal(await registry.confirm(folder, '/stores/2'), false);
    assert.equal(registry.find(folder)?.store, '/stores/1');
  });

  it('forgets a folder only with the store that was meant, and lets only unused stores be removed', async () => {
    const registry = open();
    await registry.findOrCreate(folder, '/stores/1');
    await registry.forget(folder, '/stores/2');
    assert.notEqual(registry.find(folder), null);
    let removed = 0;
    const remove = (): void => void (removed += 1);
    assert.equal(await registry.removeUnused(folder, '/stores/1', remove), false);
    await registry.forget(folder, '/stores/1');
    assert.equal(registry.find(folder), null);
    assert.equal(await registry.removeUnused(folder, '/stores/1', remove), true);
    assert.equal(removed, 1);
  });

  it('is not held up by the lock of a process that died', async () => {
    const registry = open();
    const lock = join(temporary.path, 'state', 'folders', `${folder.id}.lock`);
    writeFileSync(lock, '');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    assert.equal((await registry.findOrCreate(folder, '/stores/1')).store, '/stores/1');
  });

  it('closes an entry directory that somebody opened', () => {
    open();
    if (process.platform === 'win32') return;
    chmodSync(join(temporary.path, 'state', 'folders'), 0o777);
    open();
    assert.equal(statSync(join(temporary.path, 'state', 'folders')).mode & 0o777, 0o700);
  });
});
