import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainSpawnFailure } from '../../../src/runtime/runs/spawnFailure.ts';
import { TestRuns } from '../../support/testRuns.ts';

describe('a program that could not be started', () => {
  let runs: TestRuns;

  beforeEach(() => {
    runs = new TestRuns();
  });
  afterEach(async () => {
    await runs.close();
  });

  it('says which command was not found, and where it looked', async () => {
    const run = runs.start({ file: 'no-such-program', env: { PATH: '/here:/there' } });
    const outcome = await run.settled;
    assert.equal(run.identity, null);
    assert.deepEqual([outcome.status, outcome.errorCode], ['failed', 'command_not_found']);
    assert.match(outcome.message ?? '', /“no-such-program”.*\/here:\/there.*Install/);
  });

  it('says that the folder is missing, also for a shell line, and that it is a file', async () => {
    for (const shell of [false, true]) {
      const outcome = await runs.start({ file: 'node', cwd: join(runs.folder, 'gone'), shell }).settled;
      assert.equal(outcome.errorCode, 'cwd_missing');
      assert.match(outcome.message ?? '', /gone” does not exist/);
    }
    writeFileSync(join(runs.folder, 'file'), '');
    const outcome = await runs.start({ file: 'node', cwd: join(runs.folder, 'file') }).settled;
    assert.equal(outcome.errorCode, 'cwd_missing');
    assert.match(outcome.message ?? '', /is not a folder/);
  });

  it('is worth another try when the machine was short of something', async () => {
    const plan = {
      kind: 'process',
      file: 'x',
      args: [],
      shell: false,
      cwd: runs.folder,
      env: {},
      stdin: null,
    } as const;
    for (const code of ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']) {
      const { errorCode, setback } = await explainSpawnFailure(plan, code, 'text');
      assert.deepEqual([errorCode, setback], ['temporary_failure', { kind: 'transient' }], code);
    }
    assert.equal((await explainSpawnFailure(plan, 'EIO', 'text')).setback, null);
  });

  if (process.platform !== 'win32') {
    it('says that a file may not be executed, or that its interpreter is missing', async () => {
      const plain = join(runs.folder, 'plain');
      writeFileSync(plain, '#!/no/such/interpreter\n');
      chmodSync(plain, 0o644);
      const denied = await runs.start({ file: plain }).settled;
      assert.equal(denied.errorCode, 'spawn_failed');
      assert.match(denied.message ?? '', /chmod \+x/);
      chmodSync(plain, 0o755);
      const orphaned = await runs.start({ file: plain }).settled;
      assert.equal(orphaned.errorCode, 'spawn_failed');
      assert.match(orphaned.message ?? '', /interpreter/);
    });
  }
});
