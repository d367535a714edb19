import assert from 'node:assert/strict';
import { chargeOf, fakeCodexAgents } from '../../support/fakeCodex.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

describe('A run of codex whose runtime is killed', function () {
  this.timeout(90_000);
  before(() => buildProduct());

  it('is charged what its program had noted, and the next attempt goes on with its conversation and pays its own part', async () => {
    using home = makeTemporaryFolder();
    await using place = await Place.make({ configuration: fakeCodexAgents(home.path) });
    const window = await place.openReadyWindow();
    const lost = await window.wake('codex', { text: 'replay:killed-streaming' });
    await window.untilRun(lost, ['running']);
    await poll(async () => (await window.readLog(lost)).includes('looked'), 'it works');

    process.kill(place.owner.identity.pid, 'SIGKILL');
    await window.until(({ status }) => status.kind === 'connecting');
    const run = await window.settled(lost);
    const again = (): string | undefined => [...window.state.runs.values()].find(({ chainId }) => chainId === lost)?.id;
    await window.until(() => again() !== undefined);
    const next = await window.settled(again() ?? '');

    assert.deepEqual([run.status, run.errorCode], ['failed', 'process_lost']);
    assert.deepEqual(chargeOf(run), [1100, 0, 1000, 11]);
    assert.equal(run.sessionId, '01a1fe19-9b3d-7893-9c66-968497541eed');
    // Codex's own total has both runs in it.
    assert.deepEqual([next.status, next.sessionId, chargeOf(next)], ['succeeded', run.sessionId, [1150, 1100, 10, 44]]);
    const { sessions } = await window.connection.request('session.list', { agent: 'codex' });
    assert.equal(sessions[0]?.runs, 2);
  });
});
