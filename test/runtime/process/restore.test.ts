import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../../src/runtime/processIdentity.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';
import type { TestWindow } from '../../support/testWindow.ts';

async function backUp(place: Place, window: TestWindow): Promise<string> {
  const path = join(place.path, 'backup.sqlite');
  await window.connection.request('state.backUp', { path });
  return path;
}

describe('Restoring the state of a folder', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('cancels what runs, goes on with the backup, and does nothing again that waited in it', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow({ extraArgs: ['--linger-ms', '60000', '--slots', '1'] });
    const other = place.openWindow();
    await other.untilConnected();
    const first = await window.wake('quick', { text: 'before' });
    await window.settled(first);
    const working = await window.startWorker('a');
    const waiting = await window.wake('quick', { text: 'waits in the backup' });
    const path = await backUp(place, window);
    place.letGo('a');
    await window.settled(working);
    await window.settled(waiting);
    const later = await window.wake('quick', { text: 'after' });
    await window.settled(later);
    await window.connection.request('issue.create', { title: 'Made after the backup' });
    const cancelled = await window.startWorker('b');
    const { identity } = place.owner;
    const started = [...place.started];

    const { digest } = await window.connection.request('state.inspectBackup', { path });
    const { quarantine } = await window.connection.request('state.restore', { path, digest });

    await place.untilEnded(identity);
    await Promise.all([window, other].map((one) => one.untilReplaced(identity.pid)));
    const { runs } = await window.connection.request('run.list', { limit: 50 });
    assert.deepEqual(
      runs.map(({ id, status, errorCode }) => [id, status, errorCode]),
      [
        [waiting, 'cancelled', 'cancelled_by_user'],
        [working, 'failed', 'process_lost'],
        [first, 'succeeded', null],
      ],
    );
    assert.match(runs[0]?.message ?? '', /restored from a backup/);
    assert.deepEqual((await other.connection.request('issue.list', { limit: 9 })).issues, []);
    assert.match(await window.readLog(working), /line 1/);
    const next = await window.wake('quick', { text: 'now' });
    await window.settled(next);
    assert.deepEqual(place.started, [...started, next]);
    assert.deepEqual(await place.processesOfRuns(), []);
    assert.ok(existsSync(quarantine ?? ''));
    assert.notEqual(cancelled, next);
  });

  it('leaves an audit log that verifies and tells of it', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const path = await backUp(place, window);
    await window.settled(await window.wake('quick', { text: 'after' }));
    const { pid } = window;

    await window.connection.request('state.restore', { path });
    await window.untilReplaced(pid);

    assert.ok((await window.listActions()).includes('state.restored'));
    assert.equal((await window.connection.request('activity.verify', {})).fault, null);
  });

  it('is undone with the former state that it has set aside', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const path = await backUp(place, window);
    const runId = await window.wake('quick', { text: 'after' });
    await window.settled(runId);
    const before = window.pid;
    const { quarantine } = await window.connection.request('state.restore', { path });
    await window.untilReplaced(before);
    assert.equal(window.state.runs.size, 0);

    const restored = window.pid;
    await window.connection.request('state.restore', { path: quarantine ?? '' });
    await window.untilReplaced(restored);

    assert.equal(window.state.runs.get(runId)?.status, 'succeeded');
    assert.match(await window.readLog(runId), /after/);
  });

  it('changes nothing when the file has changed since it was looked at', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const path = await backUp(place, window);
    const { digest } = await window.connection.request('state.inspectBackup', { path });
    await window.settled(await window.wake('quick', { text: 'one more' }));
    await backUp(place, window);
    const { pid } = window;

    await assert.rejects(window.connection.request('state.restore', { path, digest }), { kind: 'refused' });

    assert.equal((await window.connection.request('runtime.status', {})).pid, pid);
    assert.equal(window.state.runs.size, 1);
  });

  it('runs nothing that this user has not accepted, also with a mistake in the configuration', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const path = await backUp(place, window);
    const { pid } = window;
    rmSync(join(place.stateHome, 'consent'), { recursive: true });
    writeFileSync(join(place.folder, '.reveille', 'reveille.yaml'), 'agents: [');

    await window.connection.request('state.restore', { path });
    await window.untilReplaced(pid);
    const runId = await window.wake('quick', { text: 'not mine' });
    await window.until(({ state }) => state?.runs.get(runId)?.heldFor === 'consent');

    assert.deepEqual(place.started, []);
    assert.equal(window.state.agents.get('quick')?.isRunnable, false);
  });

  it('works for a state that no runtime can open', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const runId = await window.wake('quick', { text: 'kept' });
    await window.settled(runId);
    const path = await backUp(place, window);
    await place.stop();
    const state = join(place.store, 'state');
    for (const name of readdirSync(state).filter((one) => one.startsWith('wal-'))) {
      const bytes = readFileSync(join(state, name));
      writeFileSync(
        join(state, name),
        Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(200, 0xff), bytes.subarray(232)]),
      );
    }
    const next = place.openWindow();
    await next.untilFailed();

    next.connection.restoreFrom(path);
    await next.untilConnected();

    assert.equal(next.state.runs.get(runId)?.status, 'succeeded');
    assert.equal(readdirSync(join(state, 'quarantine')).length, 1);
  });

  it('says what is wrong with a file before a damaged state is touched', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const { identity } = place.owner;
    await place.stop();
    const before = readdirSync(join(place.store, 'state'));
    const next = place.openWindow({ extraArgs: ['--restore', join(place.path, 'none.sqlite')] });
    await next.untilFailed();

    assert.match(next.failure, /There is no file .*none\.sqlite/);
    assert.deepEqual(readdirSync(join(place.store, 'state')), before);
    assert.equal(isAlive(identity), false);
    window.close();
  });
});
