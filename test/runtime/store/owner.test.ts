import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOwner } from '../../../src/endpoint/ownerRecord.ts';
import { identifyProcess, type ProcessIdentity } from '../../../src/runtime/processIdentity.ts';
import { LiveOwnerError, Owner, type OwnerClaim } from '../../../src/runtime/store/owner.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

function claimOf(identity: ProcessIdentity | null, part: Partial<OwnerClaim> = {}): OwnerClaim {
  assert.ok(identity);
  return { identity, host: 'here', build: { version: '1.0.0', stamp: 1 }, protocol: 1, startedAt: 1, ...part };
}

async function deadIdentity(): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => 0, 60_000)'], { stdio: 'ignore' });
  const identity = identifyProcess(child.pid ?? 0);
  assert.ok(identity);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  return identity;
}

describe('Owner', () => {
  it('takes a store that nobody has, tells where it listens, and leaves in order', () => {
    using folder = makeTemporaryFolder();
    const owner = Owner.acquire(folder.path, claimOf(identifyProcess(process.pid)));

    owner.announce({ endpoint: '/somewhere', token: 'secret' });

    assert.deepEqual([readOwner(folder.path)?.endpoint, readOwner(folder.path)?.released], ['/somewhere', false]);
    owner.release();
    assert.deepEqual([readOwner(folder.path)?.token, readOwner(folder.path)?.released], [null, true]);
  });

  it('never pushes a live owner out', () => {
    using folder = makeTemporaryFolder();
    const claim = claimOf(identifyProcess(process.pid));
    const owner = Owner.acquire(folder.path, claim);

    assert.throws(() => Owner.acquire(folder.path, claim), LiveOwnerError);

    assert.equal(owner.isFenced(), false);
  });

  it('takes over from a dead owner and removes the socket that it left', async () => {
    using folder = makeTemporaryFolder();
    const dead = Owner.acquire(folder.path, claimOf(await deadIdentity()));
    const socketDirectory = join(folder.path, 'reveille-abc');
    mkdirSync(socketDirectory);
    writeFileSync(join(socketDirectory, 's'), '');
    dead.announce({ endpoint: join(socketDirectory, 's'), token: 't' });

    const owner = Owner.acquire(folder.path, claimOf(identifyProcess(process.pid)));

    assert.equal(owner.epoch, dead.epoch + 1);
    assert.equal(dead.isFenced(), true);
    assert.equal(existsSync(socketDirectory), false);
    assert.deepEqual(readdirSync(join(folder.path, 'owners')), [`e-${String(owner.epoch)}`]);
  });

  it('leaves a fenced owner no way to speak for the store', async () => {
    using folder = makeTemporaryFolder();
    const old = Owner.acquire(folder.path, claimOf(await deadIdentity()));
    const owner = Owner.acquire(folder.path, claimOf(identifyProcess(process.pid)));
    owner.announce({ endpoint: '/new', token: 't' });

    old.announce({ endpoint: '/old', token: 'x' });
    old.release();

    assert.deepEqual([readOwner(folder.path)?.endpoint, readOwner(folder.path)?.released], ['/new', false]);
  });

  it('leaves a store alone that another machine may be using', async () => {
    using folder = makeTemporaryFolder();
    Owner.acquire(folder.path, claimOf(await deadIdentity(), { host: 'elsewhere' }));

    assert.throws(
      () => Owner.acquire(folder.path, claimOf(identifyProcess(process.pid))),
      (error) => error instanceof Error && !(error instanceof LiveOwnerError) && error.message.includes('elsewhere'),
    );
  });
});
