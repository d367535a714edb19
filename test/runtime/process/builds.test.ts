import assert from 'node:assert/strict';
import { buildProduct, type Product } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

/** The processes that became ready to run a folder, in order; read from their diary. */
function versionsIn(place: Place): string[] {
  return [...place.diary.matchAll(/The runtime is ready .* version (\S+)/g)].map((match) => match[1] ?? '');
}

describe('Runtime processes of two builds', function () {
  this.timeout(60_000);
  let older: Product;
  let newer: Product;
  before(async () => {
    [older, newer] = await Promise.all([
      buildProduct({ version: '1.0.0', stamp: 1 }),
      buildProduct({ version: '1.1.0', stamp: 2 }),
    ]);
  });

  it('change once: the newer one lets the older finish its run; both windows end up with the newer', async () => {
    await using place = await Place.make({ product: older });
    const first = await place.openReadyWindow();
    const runId = await first.startWorker('a');
    const { pid } = first;

    const second = place.openWindow({ product: newer });
    await second.until(({ status }) => status.kind === 'connecting' && status.isWaitingForOlder === true);
    await first.until(({ state }) => state?.runtime.mode === 'draining');
    const held = await first.connection.request('agent.wake', { agent: 'quick', text: 'for the newer one' });
    assert.match(held.message, /queued/);
    place.letGo();
    await second.untilConnected();
    await first.until(({ status, state }) => status.kind === 'connected' && state?.runtime.version === '1.1.0');

    assert.notEqual(second.pid, pid);
    assert.equal(first.pid, second.pid);
    assert.equal(second.state.runs.get(runId)?.status, 'succeeded');
    assert.equal((await second.settled(held.runId ?? '')).status, 'succeeded');
    assert.deepEqual(place.started, [runId, held.runId]);
    assert.deepEqual(versionsIn(place), ['1.0.0', '1.1.0']);
    assert.equal(place.owner.epoch, 2);
  });

  it('do not fight: several windows of each open at once, and the newer build runs in the end', async () => {
    await using place = await Place.make({ product: older });
    const windows = [older, newer, older, newer].map((product) => place.openWindow({ product }));

    for (const window of windows) {
      await window.until(({ status, state }) => status.kind === 'connected' && state?.runtime.version === '1.1.0');
    }

    assert.equal(new Set(windows.map(({ pid }) => pid)).size, 1);
    assert.equal(versionsIn(place).length <= 2, true, versionsIn(place).join());
    assert.equal(versionsIn(place).at(-1), '1.1.0');
  });
});
