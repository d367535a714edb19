import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

describe('Deleting the state of a folder', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('ends what runs, begins anew for a folder that still has a configuration, and touches none of its files', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    await window.startWorker('a');
    const files = readdirSync(place.folder).sort();
    const { pid } = window;

    await window.connection.deleteState();
    await window.untilReplaced(pid);

    assert.deepEqual([window.state.runs.size, window.state.issues.size], [0, 0]);
    assert.deepEqual(readdirSync(place.folder).sort(), files);
    assert.deepEqual(await place.processesOfRuns(), []);
    assert.equal((await window.connection.request('activity.verify', {})).fault, null);
    assert.deepEqual(readdirSync(join(place.store, 'logs')), []);
  });

  it('leaves nothing of a folder without a configuration, and starts nothing for it', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    await window.settled(await window.wake('quick', { text: 'x' }));
    rmSync(join(place.folder, '.reveille', 'reveille.yaml'));
    const { store } = place;
    const { identity } = place.owner;

    await window.connection.deleteState();
    await window.until(({ status }) => status.kind === 'unused');

    await place.untilEnded(identity);
    await poll(() => !existsSync(store), 'the store is gone');
    assert.deepEqual(place.stores, []);
    assert.equal(window.connection.state, null);
  });
});
