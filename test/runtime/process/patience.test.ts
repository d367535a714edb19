import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatOwner, ownerFileName, ownersDirectory, type OwnerRecord } from '../../../src/endpoint/ownerRecord.ts';
import { isAlive } from '../../../src/runtime/processIdentity.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { endpointDirectory, Place } from '../../support/runtimeProcess.ts';
import type { TestWindow } from '../../support/testWindow.ts';

/** Makes others take the owner for dead, as happens with a record of another container. */
function disown(store: string, owner: OwnerRecord): void {
  const identity = { ...owner.identity, startTime: '1' };
  writeFileSync(join(ownersDirectory(store), ownerFileName(owner.epoch)), formatOwner({ ...owner, identity }));
}

/** A window that was connected to a stopped runtime, and one that has started the next one meanwhile. */
async function takeOver(place: Place): Promise<{ old: OwnerRecord; first: TestWindow; second: TestWindow }> {
  const [first] = place.windows;
  assert(first);
  const old = place.owner;
  process.kill(old.identity.pid, 'SIGSTOP');
  disown(place.store, old);
  const second = place.openWindow();
  await second.untilConnected();
  assert.notEqual(second.pid, old.identity.pid);
  return { old, first, second };
}

/** What takes real time; all of it passes at once, and each test waits for its own. */
const scenarios = {
  async leavesAlone(): Promise<void> {
    await using place = await Place.make();
    const window = await place.openReadyWindow({ extraArgs: [] });
    await window.settled(await window.wake('quick'));
    const { owner } = place;
    window.close();
    const leftAt = performance.now();

    await place.untilEnded(owner.identity, 40_000);

    const livedMs = performance.now() - leftAt;
    assert.equal(livedMs > 29_000 && livedMs < 33_000, true, `It lived for ${livedMs} ms`);
    assert.equal(place.owner.released, true);
    assert.equal(existsSync(endpointDirectory(owner)), false);
  },

  async losesFolder(): Promise<void> {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const { owner } = place;
    rmSync(place.folder, { recursive: true });

    await place.untilEnded(owner.identity, 40_000);
    await window.untilFailed();

    assert.match(window.failure, /does not exist/);
    assert.equal(existsSync(endpointDirectory(owner)), false);
  },

  async isSilent(): Promise<void> {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const lost = await window.startWorker('a');
    const old = place.owner.identity;
    process.kill(old.pid, 'SIGSTOP');

    await window.untilFailed(30_000);
    const { status } = window.connection;
    assert.equal(status.kind === 'failed' && status.action, 'restartRuntime');
    assert.match(window.failure, new RegExp(`process ${old.pid}\\) lives but does not answer\\. Restart it`));
    assert.equal(isAlive(old), true);
    window.connection.restartRuntime();
    await window.untilConnected();

    assert.equal(isAlive(old), false);
    assert.equal((await window.settled(lost)).errorCode, 'process_lost');
    assert.deepEqual(await place.processesOfRuns(), []);
  },

  async isFencedAtWork(): Promise<void> {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const lost = await window.startWorker('a');
    const { old, first, second } = await takeOver(place);
    assert.equal((await second.settled(lost)).errorCode, 'process_lost');

    const unheard = first.connection.request('agent.wake', { agent: 'quick', text: 'nobody heard this' });
    process.kill(old.identity.pid, 'SIGCONT');

    await assert.rejects(unheard);
    await place.untilEnded(old.identity);
    await first.until(({ state, status }) => status.kind === 'connected' && state?.runtime.pid === second.pid);
    assert.deepEqual([...second.state.runs.keys()], [lost]);
    assert.deepEqual(place.started, [lost]);
    assert.deepEqual(await place.processesOfRuns(), []);
    assert.equal(place.owner.identity.pid, second.pid);
    await second.settled(await second.wake('quick'));
  },

  async isFencedAtRest(): Promise<void> {
    await using place = await Place.make();
    await place.openReadyWindow();
    const { old, first, second } = await takeOver(place);
    process.kill(old.identity.pid, 'SIGCONT');

    await place.untilEnded(old.identity, 40_000);
    await first.until(({ state, status }) => status.kind === 'connected' && state?.runtime.pid === second.pid);
    assert.equal(place.owner.identity.pid, second.pid);
  },

  async isNewerThanWindow(): Promise<void> {
    const newer = await buildProduct(newerBuild);
    await using place = await Place.make();
    await place.openReadyWindow({ product: newer });
    await place.stop();

    const late = place.openWindow();
    await late.untilFailed(30_000);

    const { status } = late.connection;
    assert.equal(status.kind === 'failed' && status.action, 'reload');
    assert.match(late.failure, /newer Reveille \(1\.1\.0\)\. Reload the window/);
    assert.equal(place.owner.epoch, 1);
    const reloaded = place.openWindow({ product: newer });
    await reloaded.untilConnected();
    late.connection.retry();
    await late.untilConnected();
    assert.equal(late.pid, reloaded.pid);
  },
} as const;

const newerBuild = { version: '1.1.0', stamp: 2 };

describe('A runtime process, given time,', function () {
  this.timeout(90_000);
  const outcomes = new Map<string, Promise<PromiseSettledResult<void>[]>>();
  before(async () => {
    await Promise.all([buildProduct(), buildProduct(newerBuild)]);
    for (const [name, scenario] of Object.entries(scenarios)) outcomes.set(name, Promise.allSettled([scenario()]));
  });
  after(() => Promise.all(outcomes.values()));

  async function seeThrough(name: keyof typeof scenarios): Promise<void> {
    const [outcome] = (await outcomes.get(name)) ?? [];
    if (outcome?.status === 'rejected') throw outcome.reason;
  }

  it('ends 30 s after its last client, and leaves no socket', () => seeThrough('leavesAlone'));
  it('ends when its folder is deleted; the window says so', () => seeThrough('losesFolder'));
  it('is offered to be restarted when it lives and does not answer, and is replaced when asked', () =>
    seeThrough('isSilent'));
  it('acknowledges nothing and ends with its children when another one took the folder over', () =>
    seeThrough('isFencedAtWork'));
  it('ends also when it has nothing to do while another one took the folder over', () => seeThrough('isFencedAtRest'));
  it('is never an older one than ran before: the older window is asked to reload, and joins a newer one', () =>
    seeThrough('isNewerThanWindow'));
});
