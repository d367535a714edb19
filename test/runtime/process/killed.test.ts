import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readOwner } from '../../../src/endpoint/ownerRecord.ts';
import type { Store } from '../../../src/runtime/store/store.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { endpointDirectory, Place, workers } from '../../support/runtimeProcess.ts';
import type { TestWindow } from '../../support/testWindow.ts';
import { seededRandom } from '../../support/seededRandom.ts';

describe('A runtime process that is killed', function () {
  this.timeout(90_000);
  before(() => buildProduct());

  it('is replaced by itself; the lost run is ended with its whole tree and settled, queued runs go on, all once', async () => {
    await using place = await Place.make({ configuration: workers.replaceAll('    shareCwd: true\n', '') });
    const window = await place.openReadyWindow();
    const lost = await window.startWorker('a');
    const queued = await window.wake('worker', { taskKey: 'b', text: 'text of b' });
    assert.equal((await place.processesOfRuns()).length >= 2, true);
    const { owner } = place;

    process.kill(owner.identity.pid, 'SIGKILL');
    await window.until(({ status }) => status.kind === 'connecting');
    const noticedAt = performance.now();
    place.letGo();
    const next = await window.settled(queued);

    assert.equal(performance.now() - noticedAt < 4000, true, 'The queued run came too late');
    assert.equal((next.startedAt ?? Infinity) - window.state.runtime.startedAt < 2000, true);
    assert.equal(next.status, 'succeeded');
    const run = window.state.runs.get(lost);
    assert.deepEqual([run?.status, run?.errorCode], ['failed', 'process_lost']);
    assert.match(run?.message ?? '', /What was still running of it was ended[\s\S]*wake worker/);
    assert.match(await window.readLog(lost), /line 1/);
    assert.deepEqual(place.started, [lost, queued]);
    assert.deepEqual(await place.processesOfRuns(), []);
    assert.equal(place.owner.epoch, owner.epoch + 1);
    assert.equal(existsSync(endpointDirectory(owner)), false);
  });

  it('is replaced also when it is killed while it starts', async () => {
    await using place = await Place.make();
    const window = place.openWindow();
    await poll(() => place.stores.some((store) => readOwner(store) !== null), 'a runtime takes the folder');
    const { owner } = place;
    assert.equal(owner.endpoint, null, 'It listens already');
    process.kill(owner.identity.pid, 'SIGKILL');

    await window.untilConnected();

    assert.equal(place.owner.epoch, 2);
  });

  it('loses nothing acknowledged and runs nothing twice over 20 kills at random moments', async () => {
    const seed = Number(process.env['REVEILLE_TEST_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (REVEILLE_TEST_SEED)`);
    const random = seededRandom(seed);
    await using place = await Place.make();
    await (await place.openReadyWindow()).startWorker('first');
    const acknowledged = new Map<string, string>();
    for (let kill = 0; kill < 20; kill += 1) {
      const window = place.openWindow();
      await window.untilConnected();
      const target = acknowledged.size + Math.floor(random() * 6);
      const wakes = wakeAll(window, { kill, random, acknowledged });
      await poll(() => acknowledged.size >= target, 'the runtime acknowledges wakes');
      await new Promise((resolve) => setTimeout(resolve, random() * 40));
      process.kill(place.owner.identity.pid, 'SIGKILL');
      await wakes;
      window.close();
    }
    place.letGo();
    const last = place.openWindow();
    await last.untilConnected();
    await last.until(({ state }) => [...(state?.runs.values() ?? [])].every((run) => run.finishedAt !== null), 30_000);
    await place.stop();

    assert.deepEqual(await place.processesOfRuns(), []);
    assert.equal(new Set(place.started).size, place.started.length, 'A run was started twice');
    assert.equal(acknowledged.size > 20, true, `Only ${acknowledged.size} wakes were acknowledged`);
    const store = await place.openStore();
    try {
      checkStore(store, acknowledged);
    } finally {
      await store.close();
    }
  });
});

/** Wakes several agents at once, with texts of their own; notes what the runtime acknowledged. */
async function wakeAll(
  window: TestWindow,
  { kill, random, acknowledged }: { kill: number; random: () => number; acknowledged: Map<string, string> },
): Promise<void> {
  const wakes = Array.from({ length: 6 }, async (_, index) => {
    const agent = random() < 0.4 ? 'worker' : 'quick';
    const text = `<${kill}.${index}>`;
    const taskKey = `task ${Math.floor(random() * 4)}`;
    const { wakeupId } = await window.connection.request('agent.wake', { agent, taskKey, text });
    acknowledged.set(wakeupId, text);
  });
  // Those that were on their way when the runtime was killed have no answer.
  await Promise.allSettled(wakes);
}

/** Every acknowledged wake has one end, each in one run that has ended once; the database is whole. */
function checkStore(store: Store, acknowledged: ReadonlyMap<string, string>): void {
  assert.deepEqual(store.all('PRAGMA integrity_check'), [['ok']]);
  assert.deepEqual(store.all('PRAGMA foreign_key_check'), []);
  assert.deepEqual(store.all(`SELECT id FROM run WHERE status IN ('queued', 'running') OR finished_at IS NULL`), []);
  assert.deepEqual(store.all(`SELECT id FROM wakeup WHERE status IN ('queued', 'claimed') OR ended_at IS NULL`), []);
  const ends = ['completed', 'failed', 'cancelled'];
  for (const [id, text] of acknowledged) {
    const rows = store.all(
      'SELECT w.status, w.text, r.status FROM wakeup w JOIN run r ON r.id = w.run_id WHERE w.id = ?',
      [id],
    );
    assert.equal(rows.length, 1, `Wake ${text} has ${rows.length} runs`);
    const [status, said, runStatus] = rows[0] ?? [];
    assert.equal(ends.includes(String(status)), true, `Wake ${text} is ${String(status)}`);
    assert.equal(said, text);
    assert.equal(status === 'completed', runStatus === 'succeeded');
  }
}
