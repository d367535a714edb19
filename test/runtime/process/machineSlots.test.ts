import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProduct } from '../../support/productBuild.ts';
import { poll } from '../../support/poll.ts';
import { Place } from '../../support/runtimeProcess.ts';
import type { TestWindow } from '../../support/testWindow.ts';

const limit = 3;

function running({ state }: TestWindow): number {
  return [...state.runs.values()].filter(({ status }) => status === 'running').length;
}

function open(place: Place, folder: string): Promise<TestWindow> {
  return place.openReadyWindow({ folder, settings: { maxConcurrentRuns: limit } });
}

async function wakeMany(window: TestWindow, count: number): Promise<void> {
  for (let task = 0; task < count; task += 1) {
    await window.connection.request('agent.wake', { agent: 'worker', taskKey: `t${String(task)}`, text: 'x' });
  }
}

describe('The slots of the machine', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('are shared by the runtimes of all folders: never more than there are, and everything gets through', async () => {
    await using place = await Place.make();
    const [one, other] = [await open(place, place.folder), await open(place, place.makeFolder('other'))];
    const slots = join(place.stateHome, 'slots');
    await wakeMany(one, 4);
    await one.until(() => running(one) === limit);
    await wakeMany(other, 4);
    await other.until(({ state }) => [...(state?.runs.values() ?? [])].some((run) => run.heldFor === 'machine_busy'));
    assert.deepEqual([running(one), running(other)], [limit, 0]);

    let most = 0;
    const count = (): void => {
      const held = readdirSync(slots).filter((name) => !name.startsWith('waits-')).length;
      // One more may stand there for a moment: that of somebody who looks whether there is room.
      most = Math.max(most, Math.min(held, running(one) + running(other)));
    };
    const watches = [one, other].map(({ connection }) => connection.onDidChange(count));
    place.letGo();
    writeFileSync(join(place.path, 'other', 'go'), '');
    for (const window of [one, other]) {
      await window.until(({ state }) => [...(state?.runs.values() ?? [])].every((run) => run.status === 'succeeded'));
    }
    for (const watch of watches) watch.dispose();

    assert.equal(most, limit);
    assert.equal(place.started.length, 4);
    await poll(() => readdirSync(slots).length === 0, 'all slots are given back');
  });

  it('come back from a runtime that was killed', async () => {
    await using place = await Place.make();
    const [one, other] = [await open(place, place.folder), await open(place, place.makeFolder('other'))];
    await wakeMany(one, limit);
    await one.until(() => running(one) === limit);
    await wakeMany(other, 2);
    await other.until(({ state }) => [...(state?.runs.values() ?? [])].every((run) => run.heldFor === 'machine_busy'));

    process.kill(one.pid, 'SIGKILL');

    // Its successor takes slots for itself only when it has something to run.
    await other.until(() => running(other) === 2, 10_000);
    writeFileSync(join(place.path, 'other', 'go'), '');
    place.letGo();
    await other.until(({ state }) => [...(state?.runs.values() ?? [])].every((run) => run.status === 'succeeded'));
    assert.ok(existsSync(join(place.stateHome, 'slots')));
  });
});
