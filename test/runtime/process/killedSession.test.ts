import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

/** Tells its conversation, and stays in it as long as there is a file `stay`. */
const program =
  'echo "{\\"reveille\\":\\"session\\",\\"id\\":\\"${REVEILLE_SESSION:-of-$REVEILLE_RUN_ID}\\"}"; echo "run $REVEILLE_SESSION_RUN"; while [ -e stay ]; do sleep 0.05; done';
const configuration = `
defaults: { graceSec: 1 }
agents:
  talker: { adapter: process, protocol: jsonl, command: sh, args: [-c, ${JSON.stringify(program)}] }
`;

describe('A conversation whose runtime is killed', function () {
  this.timeout(90_000);
  before(() => buildProduct());

  it('is gone on with by the next run of its task, after the lost run was settled', async () => {
    await using place = await Place.make({ configuration });
    const window = await place.openReadyWindow();
    const first = await window.settled(await window.wake('talker', { taskKey: 'T' }));
    assert.equal(first.sessionId, `of-${first.id}`);
    writeFileSync(join(place.folder, 'stay'), '');
    const lost = await window.wake('talker', { taskKey: 'T' });
    await window.untilRun(lost, ['running']);
    await poll(async () => (await window.readLog(lost)).includes('run 2'), 'the second run is in its conversation');

    process.kill(place.owner.identity.pid, 'SIGKILL');
    await window.until(({ status }) => status.kind === 'connecting');
    rmSync(join(place.folder, 'stay'));
    await window.untilConnected();
    assert.equal((await window.settled(lost)).errorCode, 'process_lost');
    const next = await window.settled(await window.wake('talker', { taskKey: 'T', text: 'go on' }));

    assert.deepEqual([next.status, next.sessionId], ['succeeded', first.sessionId]);
    assert.match(await window.readLog(next.id), /run 3/);
    const { sessions } = await window.connection.request('session.list', { agent: 'talker' });
    assert.deepEqual(
      sessions.map(({ taskKey, runs, sessionId }) => [taskKey, runs, sessionId]),
      [['T', 3, first.sessionId]],
    );
  });
});
