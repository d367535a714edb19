import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProduct } from '../../support/productBuild.ts';
import { Place, workers } from '../../support/runtimeProcess.ts';

/** A Node under which no file grows beyond a size: for who writes, as good as a full disk. */
function makeTightNode(place: Place, halfKilobytes: number): string {
  const path = join(place.path, 'tight-node');
  writeFileSync(path, `#!/bin/sh\nulimit -f ${halfKilobytes}\nexec ${JSON.stringify(process.execPath)} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('A runtime process under bad conditions', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('says which folder it cannot write to and what to do; the next place is taken', async () => {
    await using place = await Place.make();
    const file = join(place.path, 'file');
    writeFileSync(file, '');
    const window = place.openWindow({ storagePath: join(file, 'storage') });

    await window.untilFailed();

    assert.match(window.failure, /cannot write to its storage folder .*file\/storage/);
    assert.match(window.failure, /choose another one in the setting reveille\.storagePath/);
    window.close();
    const elsewhere = place.openWindow({ storagePath: join(place.path, 'elsewhere') });
    await elsewhere.untilConnected();
    assert.equal(elsewhere.state.runtime.storePath.startsWith(join(place.path, 'elsewhere')), true);
  });

  it('says that a folder does not exist', async () => {
    await using place = await Place.make();
    const window = place.openWindow({ folder: join(place.path, 'nowhere') });

    await window.untilFailed();

    assert.match(window.failure, /nowhere.* does not exist/);
  });

  it('is not started for a folder without configuration; once told to, it says what is missing', async () => {
    await using place = await Place.make({ configuration: null });
    const window = place.openWindow();
    await window.until(({ status }) => status.kind === 'unused');
    assert.deepEqual(place.stores, []);
    await assert.rejects(window.connection.request('runtime.status', {}), /Create a configuration first/);

    window.connection.retry();
    await window.untilConnected();

    assert.equal(window.state.configuration.status, 'missing');
    await assert.rejects(window.wake('worker'), /There is no agent "worker" in the configuration/);
  });

  it('shows where a broken configuration is broken, and starts nothing', async () => {
    await using place = await Place.make({ configuration: `${workers}\n  broken: [` });
    const window = place.openWindow();
    await window.untilConnected();

    const { status, problems } = window.state.configuration;
    assert.equal(status, 'invalid');
    assert.equal(problems.length >= 1, true);
    assert.equal((problems[0]?.line ?? 0) > 1, true);
    assert.deepEqual([...window.state.agents.keys()], []);
  });

  it('loses nothing acknowledged on a full disk, says so, and goes on once there is room', async () => {
    await using place = await Place.make();
    const execPath = makeTightNode(place, 2048);
    const tight = await place.openReadyWindow({ execPath });
    const acknowledged = new Map<string, string>();
    const text = 'x'.repeat(50_000);
    const failure = await (async () => {
      for (let index = 0; index < 100; index += 1) {
        const taskKey = `task ${index}`;
        const params = { agent: 'worker', taskKey, text: `${index} ${text}` };
        const outcome = await tight.connection.request('agent.wake', params).catch((error: unknown) => error as Error);
        if (outcome instanceof Error) return outcome;
        acknowledged.set(outcome.wakeupId, params.text);
      }
      return null;
    })();
    assert.match(
      failure?.message ?? '',
      /could not write its state to .*Free space|The connection to the Reveille runtime was lost/,
    );
    assert.equal(acknowledged.size > 5, true);
    const { owner } = place;
    tight.close();
    await place.untilEnded(owner.identity);
    assert.match(place.diary, /could not write its state/);
    place.letGo();

    const roomy = place.openWindow();
    await roomy.untilConnected();
    await roomy.until(({ state }) => [...(state?.runs.values() ?? [])].every((run) => run.finishedAt !== null), 30_000);
    await place.stop();

    const store = await place.openStore();
    try {
      for (const [id, said] of acknowledged) {
        const [row] = store.all('SELECT status, text FROM wakeup WHERE id = ?', [id]);
        assert.equal(
          ['completed', 'failed', 'cancelled'].includes(String(row?.[0])),
          true,
          `Wake ${id} is ${String(row?.[0])}`,
        );
        assert.equal(row?.[1] === said, true);
      }
    } finally {
      await store.close();
    }
    assert.equal(new Set(place.started).size, place.started.length);
    assert.deepEqual(await place.processesOfRuns(), []);
  });

  it('says what to do where not even its first journal can be written, and comes up later as if nothing had been', async () => {
    await using place = await Place.make();
    const execPath = makeTightNode(place, 0);
    for (const _attempt of [1, 2]) {
      const window = place.openWindow({ execPath });
      await window.untilFailed();
      assert.match(window.failure, /cannot write to its storage folder .*Free space/);
      window.close();
    }
    for (const _attempt of [1, 2]) {
      const window = await place.openReadyWindow();
      assert.equal((await window.settled(await window.wake('quick'))).status, 'succeeded');
      await place.stop();
    }
  });
});
