import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { identifyFolder } from '../../../src/endpoint/folderIdentity.ts';
import { inspectOwner } from '../../../src/endpoint/ownerRecord.ts';
import { Registry } from '../../../src/endpoint/registry.ts';
import { protocolVersion } from '../../../src/protocol.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { openOwnedStore } from '../../../src/runtime/ownedStore.ts';
import { identifyProcess } from '../../../src/runtime/processIdentity.ts';
import { LiveOwnerError, Owner } from '../../../src/runtime/store/owner.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import type { TestWindow } from '../../support/testWindow.ts';
import { wasmPath } from '../../support/wasm.ts';

describe('Adopting a state', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  /** A folder with a history that was moved, and a window on its new place. */
  async function move(place: Place): Promise<{ runId: string; window: TestWindow; moved: string }> {
    const first = await place.openReadyWindow();
    const runId = await first.wake('quick', { text: 'before the move' });
    await first.settled(runId);
    await place.stop();
    const moved = join(place.path, 'moved', 'workspace');
    place.makeFolder('moved', null);
    renameSync(place.folder, moved);
    const window = place.openWindow({ folder: moved, storagePath: join(place.path, 'other-storage') });
    await window.untilConnected();
    return { runId, window, moved };
  }

  it('brings the history of a moved folder back, asks for consent anew, and can be undone', async () => {
    await using place = await Place.make();
    const { runId, window, moved } = await move(place);
    assert.equal(window.state.runs.size, 0);
    const [orphan, ...none] = await window.connection.listOrphans();
    assert.deepEqual([orphan?.path, orphan?.isLive, none], [place.folder, false, []]);
    const { pid } = window;

    await window.connection.adopt(orphan?.id ?? '');
    await window.untilReplaced(pid);

    assert.equal(window.state.runs.get(runId)?.status, 'succeeded');
    assert.match(await window.readLog(runId), /before the move/);
    assert.equal(window.state.agents.get('quick')?.isRunnable, false);
    assert.equal((await window.connection.request('activity.verify', {})).fault, null);
    assert.ok((await window.listActions()).includes('state.adopted'));
    const [former] = await window.connection.listOrphans();
    assert.equal(former?.path, moved);

    const adopted = window.pid;
    await window.connection.adopt(former.id);
    await window.untilReplaced(adopted);
    assert.equal(window.state.runs.size, 0);
    assert.equal((await window.connection.listOrphans())[0]?.store, orphan?.store);
  });

  it('is refused while a runtime works with that state', async () => {
    await using place = await Place.make();
    const first = await place.openReadyWindow();
    await first.settled(await first.wake('quick', { text: 'x' }));
    const second = place.makeFolder('second');
    const window = place.openWindow({ folder: second });
    await window.untilConnected();
    const entry = place.registry.list().find((one) => one.path === place.folder);
    const { pid } = window;

    await assert.rejects(window.connection.adopt(entry?.id ?? ''), { kind: 'owned_elsewhere' });

    assert.equal((await window.connection.request('runtime.status', {})).pid, pid);
    assert.equal(place.registry.find({ id: entry?.id ?? '', path: '' })?.store, entry?.store);
    assert.notEqual(window.state.runtime.storePath, entry?.store);
  });

  it('leaves one runtime for the folder, however many windows it has', async () => {
    await using place = await Place.make();
    const { runId, window, moved } = await move(place);
    const others = Array.from({ length: 3 }, () =>
      place.openWindow({ folder: moved, storagePath: join(place.path, 'third-storage') }),
    );
    await Promise.all(others.map((one) => one.untilConnected()));
    const [orphan] = await window.connection.listOrphans();
    const { pid } = window;

    await window.connection.adopt(orphan?.id ?? '');
    await Promise.all([window, ...others].map((one) => one.untilReplaced(pid)));

    assert.equal(new Set([window, ...others].map((one) => one.pid)).size, 1);
    for (const one of others) assert.equal(one.state.runs.get(runId)?.status, 'succeeded');
  });

  it('is followed by a window that has long been waiting for the runtime of the former one', async () => {
    await using place = await Place.make();
    const first = await place.openReadyWindow();
    await first.settled(await first.wake('quick', { text: 'x' }));
    await place.stop();
    const { registry } = place;
    const folder = await identifyFolder(place.folder);
    const entry = registry.find(folder);
    const other = { id: 'e'.repeat(32), path: join(place.path, 'gone') };
    const { store } = await registry.findOrCreate(other, join(place.path, 'other-store'));
    const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
    const silent = Owner.acquire(entry?.store ?? '', {
      identity: identifyProcess(sleeper.pid ?? 0) ?? assert.fail(),
      host: hostname(),
      build: place.product.build,
      protocol: protocolVersion,
      startedAt: Date.now(),
    });
    const waiting = place.openWindow();
    await poll(
      () => (registry.find(folder)?.lastUsedAt ?? 0) > (entry?.lastUsedAt ?? 0),
      'the window has begun to look',
    );

    await registry.adopt(folder, other.id, () => undefined);

    await waiting.untilConnected();
    assert.equal(waiting.state.runtime.storePath, store);
    silent.release();
    sleeper.kill();
  });

  it('keeps a runtime from serving a folder with a store that is not its own any more', async () => {
    using temporary = makeTemporaryFolder();
    const registry = Registry.open(join(temporary.path, 'state'));
    const folder = await identifyFolder(temporary.path);
    await registry.findOrCreate(folder, join(temporary.path, 'new'));
    const options = {
      folder,
      storePath: join(temporary.path, 'old'),
      stateDirectory: registry.directory,
      wasmPath,
      build: { version: '1.0.0', stamp: 1 },
      clock: systemClock,
      logger: new TestLogger(),
    };

    await assert.rejects(openOwnedStore(options), (error) => error instanceof LiveOwnerError);

    const reading = inspectOwner(options.storePath);
    assert.equal(reading.kind === 'record' && reading.record.released, true);
    const { owner, store } = await openOwnedStore({ ...options, storePath: join(temporary.path, 'new') });
    await store.close();
    owner.release();
  });
});
