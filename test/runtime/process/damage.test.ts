import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Place } from '../../support/runtimeProcess.ts';
import type { TestWindow } from '../../support/testWindow.ts';

function filesOf(place: Place): Map<string, Buffer> {
  const directory = join(place.store, 'state');
  const names = readdirSync(directory).filter((name) => /^(wal|snap)-/.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
}

/** Makes a past of two runs, ends the runtime, and changes one byte between them in the journal that holds them. */
async function damageBetweenRuns(place: Place): Promise<{ before: string; after: string; files: Map<string, Buffer> }> {
  const window = await place.openReadyWindow();
  const before = await window.wake('quick');
  await window.settled(before);
  const after = await window.wake('quick');
  await window.settled(after);
  await place.stop();
  for (const [name, bytes] of filesOf(place)) {
    const at = bytes.indexOf(after);
    if (at < 0) continue;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(join(place.store, 'state', name), bytes);
    break;
  }
  return { before, after, files: filesOf(place) };
}

function actionOf(window: TestWindow): string | null {
  const { status } = window.connection;
  return status.kind === 'failed' ? status.action : null;
}

describe('A runtime whose state is damaged', function () {
  this.timeout(60_000);

  it('changes nothing and says up to when it can be read; goes on with that when told so, and keeps the rest', async () => {
    await using place = await Place.make();
    const { before, after, files } = await damageBetweenRuns(place);

    const window = place.openWindow();
    await window.untilFailed();

    assert.match(window.failure, /is damaged: .*Nothing was changed.*continue with the state as it was at 20\d\d-/);
    assert.equal(actionOf(window), 'chooseState');
    assert.deepEqual(filesOf(place), files);
    window.connection.retry();
    await window.untilFailed();
    assert.deepEqual(filesOf(place), files);

    window.connection.continueDamaged();
    await window.untilConnected();

    assert.equal(window.state.runs.get(before)?.status, 'succeeded');
    assert.equal(window.state.runs.get(after)?.status === 'succeeded', false);
    const [remark = ''] = window.state.runtime.remarks;
    const quarantine = /is kept in (\S+)\.$/.exec(remark)?.[1] ?? '';
    assert.equal(existsSync(quarantine), true, remark);
    for (const name of readdirSync(quarantine)) assert.deepEqual(readFileSync(join(quarantine, name)), files.get(name));
    assert.equal(readdirSync(quarantine).length > 0, true);
    await window.settled(await window.wake('quick'));

    await place.stop();
    const again = place.openWindow();
    await again.untilConnected();
    assert.deepEqual(again.state.runtime.remarks, []);
    assert.equal(again.state.runs.get(before)?.status, 'succeeded');
  });

  it('uses the snapshot before a damaged one by itself, and says so', async () => {
    await using place = await Place.make();
    const window = await place.openReadyWindow();
    const run = await window.wake('quick');
    await window.settled(run);
    await place.stop();
    const snapshot = join(place.store, 'state', 'snap-1.sqjs');
    writeFileSync(snapshot, 'not a snapshot');

    const again = place.openWindow();
    await again.untilConnected();

    assert.equal(again.state.runs.get(run)?.status, 'succeeded');
    assert.match(again.state.runtime.remarks.join(), /snap-1\.sqjs is damaged and was set aside/);
    assert.equal(existsSync(snapshot), false);
  });
});
