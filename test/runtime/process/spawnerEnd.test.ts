import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../../src/runtime/processIdentity.ts';
import { toProcessPlatform } from '../../../src/runtime/runs/processPlatform.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

interface Spawner {
  readonly identity: ProcessIdentity;
  /** The socket that its children's streams connect to. */
  readonly endpoint: string;
}

async function findSpawner(runtime: number): Promise<Spawner | null> {
  const table = await toProcessPlatform(process.platform).readTable(0);
  for (const { pid, parent } of table) {
    if (parent !== runtime) continue;
    const [, entry, endpoint] = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0');
    const identity = identifyProcess(pid);
    if (entry?.endsWith('spawner.js') && endpoint !== undefined && identity !== null) return { identity, endpoint };
  }
  return null;
}

if (process.platform === 'linux') {
  describe('The spawner of a runtime process', function () {
    this.timeout(60_000);
    before(() => buildProduct());

    it('starts runs, and is gone a second after the runtime was killed; its children are left for recovery', async () => {
      await using place = await Place.make();
      const window = await place.openReadyWindow();
      await window.settled(await window.wake('quick'));
      const runtime = place.owner.identity;
      let spawner: Spawner | null = null;
      await poll(async () => (spawner = await findSpawner(runtime.pid)) !== null, 'the spawner comes up');
      const { identity, endpoint } = spawner as unknown as Spawner;
      // It may be there a moment before the runtime has heard that it is ready.
      await poll(() => existsSync(endpoint), 'it can be used');
      const lost = await window.startWorker('a');
      window.connection.dispose();

      process.kill(runtime.pid, 'SIGKILL');
      await poll(() => !isAlive(identity), 'the spawner ends', 1000);

      assert.equal(existsSync(dirname(endpoint)), false);
      assert.equal((await place.processesOfRuns()).length >= 1, true);
      const next = await place.openReadyWindow();
      const run = await next.settled(lost);
      assert.deepEqual([run.status, run.errorCode], ['failed', 'process_lost']);
      assert.deepEqual(await place.processesOfRuns(), []);
    });
  });
}
