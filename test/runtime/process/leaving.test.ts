import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { inspectOwner } from '../../../src/endpoint/ownerRecord.ts';
import { isAlive } from '../../../src/runtime/processIdentity.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { endpointDirectory, Place } from '../../support/runtimeProcess.ts';

describe('Leaving a runtime process', function () {
  this.timeout(60_000);
  const soon = ['--linger-ms', '1500'];
  before(() => buildProduct());

  it('waits for its runs by default, and starts nothing new', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow({ extraArgs: [...soon, '--slots', '1'] });
    const runId = await window.startWorker('a');
    const queued = await window.wake('quick', { text: 'later' });
    const { owner } = place;
    window.close();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(isAlive(owner.identity), true);

    place.letGo();
    await place.untilEnded(owner.identity);

    assert.deepEqual(place.started, [runId]);
    assert.equal(place.owner.released, true);
    assert.equal(existsSync(endpointDirectory(owner)), false);
    const again = place.openWindow();
    await again.untilConnected();
    assert.equal(again.state.runs.get(runId)?.status, 'succeeded');
    assert.equal((await again.settled(queued)).status, 'succeeded');
  });

  it('ends what runs where the window wants it to stop', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow({ extraArgs: soon, settings: { whenWindowsClose: 'stop' } });
    const runId = await window.startWorker('a');
    const { owner } = place;
    window.close();

    await place.untilEnded(owner.identity);

    assert.deepEqual(await place.processesOfRuns(), []);
    const again = place.openWindow();
    await again.untilConnected();
    const run = again.state.runs.get(runId);
    assert.deepEqual([run?.status, run?.errorCode], ['cancelled', 'cancelled_by_stop']);
  });

  it('lives on and goes on where the window wants it to keep running', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow({
      extraArgs: [...soon, '--slots', '1'],
      settings: { whenWindowsClose: 'keepRunning' },
    });
    const runId = await window.startWorker('a');
    const next = await window.wake('worker', { taskKey: 'b' });
    const { owner } = place;
    window.close();
    await new Promise((resolve) => setTimeout(resolve, 2500));

    place.letGo();
    await poll(() => place.started.length === 2, 'the queued run starts without a window');

    assert.deepEqual(place.started, [runId, next]);
    assert.equal(isAlive(owner.identity), true);
    const reading = inspectOwner(place.store);
    assert.equal(reading.kind === 'record' && reading.record.released, false);
  });
});
