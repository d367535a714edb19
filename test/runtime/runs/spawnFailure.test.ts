import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainSpawnFailure } from '../../../src/runtime/runs/spawnFailure.ts';
import { starterKinds, TestRuns } from '../../support/testRuns.ts';

for (const kind of starterKinds) {
  describe(`a program that could not be started (${kind})`, () => {
    let runs: TestRuns;

    beforeEach(async () => {
      runs = await TestRuns.open(kind);
    });
    afterEach(async () => {
      await runs.close();
    });

    it('says which command was not found, and where it looked', async () => {
      const run = runs.start({ file: 'no-such-program', env: { PATH: '/here:/there' } });
      const outcome = await run.settled;
      assert.equal(await run.started, null);
      assert.deepEqual([outcome.status, outcome.errorCode], ['failed', 'command_not_found']);
      assert.match(outcome.message ?? '', /“no-such-program”.*\/here:\/there.*Install/);
    });

    it('says where arguments belong, if they stand in the command', async () => {
      const outcome = await runs.start({ file: 'no-such-program test', env: { PATH: '/here' } }).settled;
      assert.match(outcome.message ?? '', /not found .*put these in args, or set shell: true\.$/);
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
}

describe('a start that failed because the machine was short of something', () => {
  it('is worth another try', async () => {
    const where = { cwd: tmpdir(), env: {}, stdin: null };
    const plan = { kind: 'process', file: 'x', args: [], shell: false, ...where } as const;
    for (const code of ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']) {
      const { errorCode, setback } = await explainSpawnFailure(plan, code, 'text');
      assert.deepEqual([errorCode, setback], ['temporary_failure', { kind: 'transient' }], code);
    }
    assert.equal((await explainSpawnFailure(plan, 'EIO', 'text')).setback, null);
  });
});
