import assert from 'node:assert/strict';
import { SecretKeeper } from '../../src/connection/secretKeeper.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { poll } from '../support/poll.ts';

const configuration =
  'agents: { deployer: { adapter: process, command: sh, args: [-c, "test -n \\"$TOKEN\\""], env: { TOKEN: { secret: DEPLOY_TOKEN } } } }\n';

/** A window's keychain and memory, as plain maps. */
function openKeeper(runtime: TestRuntime, rights = { isTrusted: true }) {
  const keychain = new Map<string, string>();
  const memory = new Map<string, unknown>();
  const reads: string[] = [];
  const { connection, logger } = runtime;
  const keeper = new SecretKeeper({
    connections: { folders: [connection], onDidChange: connection.onDidChange },
    keychain: {
      get: (name) => {
        reads.push(name);
        return Promise.resolve(keychain.get(name));
      },
      store: (name, value) => Promise.resolve(void keychain.set(name, value)),
      delete: (name) => Promise.resolve(void keychain.delete(name)),
    },
    memory: {
      get: (name) => memory.get(name),
      update: (name, value) => Promise.resolve(void memory.set(name, value)),
    },
    isTrusted: () => rights.isTrusted,
    log: logger,
  });
  return { keeper, keychain, memory, reads };
}

describe('SecretKeeper', function () {
  this.timeout(30_000);

  it('keeps what is set for the folder, and releases the wake that waited for it', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { keeper, keychain, memory } = openKeeper(runtime);
    const runId = await runtime.wake('deployer');
    await runtime.until((state) => state.runs.get(runId)?.heldFor === 'secrets');

    await keeper.set(runtime.connection, 'DEPLOY_TOKEN', 'open sesame');

    assert.equal((await runtime.settled(runId)).status, 'succeeded');
    assert.deepEqual([...keychain], [[`reveille.secret.${runtime.folder.id}.DEPLOY_TOKEN`, 'open sesame']]);
    assert.doesNotMatch(JSON.stringify([...memory]), /sesame/);
    assert.deepEqual(await keeper.listNames(runtime.connection), ['DEPLOY_TOKEN']);
    keeper.dispose();
  });

  it('brings it to the next runtime, which has forgotten it, and asks the keychain once for each', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { keeper, reads } = openKeeper(runtime);
    await keeper.set(runtime.connection, 'DEPLOY_TOKEN', 'open sesame');
    const before = reads.length;
    await runtime.restart();

    await runtime.until((state) => state.runtime.secrets[0]?.isSet === true);
    const runId = await runtime.wake('deployer');
    assert.equal((await runtime.settled(runId)).status, 'succeeded');
    assert.equal(reads.length, before + 1);
    keeper.dispose();
  });

  it('deletes it everywhere, and does not bring back what was removed', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    const { keeper, keychain } = openKeeper(runtime);
    await keeper.set(runtime.connection, 'DEPLOY_TOKEN', 'open sesame');
    await runtime.until((state) => state.runtime.secrets[0]?.isSet === true);
    await keeper.delete(runtime.connection, 'DEPLOY_TOKEN');

    await runtime.until((state) => state.runtime.secrets[0]?.isSet === false);
    assert.equal(keychain.size, 0);
    assert.deepEqual(await keeper.listNames(runtime.connection), []);
    keeper.dispose();
  });

  it('brings nothing before the window is trusted', async () => {
    await using runtime = await TestRuntime.open({ configuration: 'agents: {}\n' });
    const rights = { isTrusted: false };
    const { keeper, keychain, reads } = openKeeper(runtime, rights);
    keychain.set(`reveille.secret.${runtime.folder.id}.DEPLOY_TOKEN`, 'open sesame');
    runtime.writeConfiguration(configuration);
    await runtime.acceptAll();
    await runtime.until((state) => state.runtime.secrets.length === 1);
    for (let index = 0; index < 20; index += 1) await runtime.connection.request('runtime.status', {});
    assert.deepEqual(reads, []);

    rights.isTrusted = true;
    keeper.review();

    await poll(() => Promise.resolve(runtime.state.runtime.secrets[0]?.isSet === true), 'the secret is there');
    keeper.dispose();
  });
});
