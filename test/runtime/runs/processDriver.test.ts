import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock.ts';
import { isAlive } from '../../../src/runtime/processIdentity.ts';
import type { ProcessRun } from '../../../src/runtime/runs/processDriver.ts';
import { ProcessTrees } from '../../../src/runtime/runs/processTree.ts';
import { TestRuns } from '../../support/testRuns.ts';

const isPosix = process.platform !== 'win32';

/** Run ids are unique on the machine: a run ends every process that carries its own. */
const [helloId, factsId, noInputId, floodId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

describe('running a process', () => {
  let runs: TestRuns;

  beforeEach(() => {
    runs = new TestRuns();
  });
  afterEach(async () => {
    await runs.close();
  });

  /** Starts a fixture that says "ready", and resolves once it has. */
  async function startReady(name: string, graceSec: number): Promise<ProcessRun> {
    const ready = Promise.withResolvers<undefined>();
    const run = runs.startFixture(name, [], { graceSec, onDidGrow: () => ready.resolve(undefined) });
    await ready.promise;
    return run;
  }

  it('succeeds with exit code 0, and has identity, log and excerpts', async () => {
    const run = runs.start(
      { file: process.execPath, args: ['-e', 'console.log("hello"); console.error("oops")'] },
      { runId: helloId },
    );
    assert.ok(run.identity);
    const outcome = await run.settled;
    assert.deepEqual(outcome, {
      status: 'succeeded',
      exitCode: 0,
      signal: null,
      errorCode: null,
      message: null,
      setback: null,
      stdoutExcerpt: 'hello\n',
      stderrExcerpt: 'oops\n',
      logBytes: 11,
    });
    assert.equal(isAlive(run.identity), false);
    assert.deepEqual(runs.readLog(helloId).split('\n').sort(), ['', 'hello', 'oops']);
  });

  it('fails with the exit code', async () => {
    const outcome = await runs.start({ file: process.execPath, args: ['-e', 'process.exit(3)'] }).settled;
    assert.deepEqual([outcome.status, outcome.errorCode, outcome.exitCode], ['failed', 'exit_code', 3]);
    assert.match(outcome.message ?? '', /exit code 3/);
  });

  it('hands over the environment, the folder, the arguments and the input, and nothing else', async () => {
    process.env['REVEILLE_TEST_LEAK'] = 'leaked';
    const stdin = 'Wake up €\n'.repeat(50_000);
    const run = runs.startFixture('echoFacts.mjs', ['a b', '$HOME', ''], { runId: noInputId, maxLogBytes: 10_000_000 });
    await run.settled;
    const second = runs.start(
      {
        file: process.execPath,
        args: [join(import.meta.dirname, '../../fixtures/programs/echoFacts.mjs'), 'a b', ''],
        stdin,
        env: { X: '1' },
      },
      { runId: factsId },
    );
    await second.settled;
    delete process.env['REVEILLE_TEST_LEAK'];
    const nothing = JSON.parse(runs.readLog(noInputId)) as { stdin: string; args: string[] };
    assert.deepEqual([nothing.stdin, nothing.args], ['', ['a b', '$HOME', '']]);
    const facts = JSON.parse(runs.readLog(factsId)) as { env: Record<string, string>; cwd: string; stdin: string };
    assert.equal(facts.stdin, stdin);
    assert.equal(facts.env['X'], '1');
    assert.equal(facts.env['REVEILLE_RUN_ID'], factsId);
    assert.equal('REVEILLE_TEST_LEAK' in facts.env, false);
    assert.equal(statSync(facts.cwd).ino, statSync(runs.folder).ino);
  });

  it('does not mind a program that never reads a long input', async () => {
    const outcome = await runs.start({ file: process.execPath, args: ['-e', ''], stdin: 'x'.repeat(5_000_000) })
      .settled;
    assert.equal(outcome.status, 'succeeded');
  });

  it('goes on while a program that closed its output works', async () => {
    const proof = join(runs.folder, 'proof');
    const outcome = await runs.startFixture('closesOutput.mjs', [proof]).settled;
    assert.deepEqual([outcome.status, outcome.stdoutExcerpt], ['succeeded', 'closing\n']);
    assert.equal(readFileSync(proof, 'utf8'), 'done');
  });

  it('logs a flood completely, within bounded memory', async () => {
    const before = process.memoryUsage.rss();
    const outcome = await runs.startFixture('flood.mjs', ['500000'], { runId: floodId }).settled;
    assert.deepEqual([outcome.status, outcome.logBytes], ['succeeded', 50_000_000]);
    assert.equal(statSync(runs.logPath(floodId)).size, 50_000_000);
    assert.ok(process.memoryUsage.rss() - before < 150_000_000);
  });

  if (isPosix) {
    it('fails with the signal that somebody else sent', async () => {
      const outcome = await runs.start({ file: 'sh', args: ['-c', 'kill -SEGV $$'] }).settled;
      assert.deepEqual([outcome.errorCode, outcome.exitCode, outcome.signal], ['signal', null, 'SIGSEGV']);
    });

    it('keeps the first reason: a cancel while a timed out program still ends changes nothing', async () => {
      const run: ProcessRun = runs.startFixture('ignoresTerm.mjs', [], {
        timeoutSec: 0.4,
        graceSec: 0.3,
        onDidGrow: (bytes) => {
          if (bytes > 'ready\n'.length) run.cancel('cancelled_by_user');
        },
      });
      const outcome = await run.settled;
      assert.deepEqual([outcome.status, outcome.stdoutExcerpt], ['timed_out', 'ready\nasked\n']);
    });

    it('lets a program end politely when it is cancelled', async () => {
      const run = await startReady('endsPolitely.mjs', 60);
      run.cancel('cancelled_by_user');
      const outcome = await run.settled;
      assert.deepEqual([outcome.status, outcome.errorCode, outcome.exitCode], ['cancelled', 'cancelled_by_user', 7]);
      assert.equal(outcome.stdoutExcerpt, 'ready\nsaved\n');
    });

    it('kills a program that ignores the polite end, after the grace, and asked it once', async () => {
      const run = await startReady('ignoresTerm.mjs', 0.5);
      const startedAt = performance.now();
      run.cancel('cancelled_by_stop');
      const outcome = await run.settled;
      assert.ok(performance.now() - startedAt >= 490);
      assert.deepEqual(
        [outcome.status, outcome.errorCode, outcome.signal],
        ['cancelled', 'cancelled_by_stop', 'SIGKILL'],
      );
      assert.equal(outcome.stdoutExcerpt, 'ready\nasked\n');
    });

    it('ends what a shell line started when it is cancelled', async () => {
      const ready = Promise.withResolvers<undefined>();
      const run = runs.start(
        { file: 'echo up; sleep 600; echo never', shell: true },
        { onDidGrow: () => ready.resolve(undefined) },
      );
      await ready.promise;
      run.cancel('cancelled_by_user');
      const outcome = await run.settled;
      assert.deepEqual([outcome.status, outcome.stdoutExcerpt], ['cancelled', 'up\n']);
    });

    it('ends a grandchild in a session of its own when the program has ended by itself', async () => {
      const outcome = await runs.startFixture('setsidGrandchild.sh').settled;
      assert.equal(outcome.status, 'succeeded');
      assert.equal(existsProcess(Number(outcome.stdoutExcerpt)), false);
    });

    it('ends a grandchild that shed session and environment, if it was seen with its parent', async () => {
      const outcome = await runs.startFixture('setsidGrandchild.sh', ['clean', '0.6']).settled;
      assert.equal(outcome.status, 'succeeded');
      assert.equal(existsProcess(Number(outcome.stdoutExcerpt)), false);
    });

    it('reads on for a while when a process outside the tree holds the output open', async () => {
      const platform = { readTable: () => Promise.resolve([]), hasSignals: true, canSample: false };
      const trees = new ProcessTrees({ clock: systemClock, logger: runs.logger, platform });
      const outcome = await runs.start({ file: '(sleep 0.2; echo late) & exit 0', shell: true }, { trees }).settled;
      assert.deepEqual([outcome.status, outcome.stdoutExcerpt], ['succeeded', 'late\n']);
    });

    it('settles although a grandchild holds the output open', async () => {
      const outcome = await runs.startFixture('pipeHolder.sh').settled;
      assert.equal(outcome.status, 'succeeded');
      assert.equal(existsProcess(Number(outcome.stdoutExcerpt)), false);
    });
  }

  it('times out', async () => {
    const program = 'setInterval(() => {}, 1000)';
    const outcome = await runs.start({ file: process.execPath, args: ['-e', program] }, { timeoutSec: 0.2 }).settled;
    assert.deepEqual([outcome.status, outcome.errorCode], ['timed_out', 'timeout']);
    assert.match(outcome.message ?? '', /0\.2 s.*timeoutSec/);
  });

  it('can be cancelled in the turn that started it, and twice', async () => {
    const run = runs.start({ file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] });
    run.cancel('cancelled_by_user');
    run.cancel('cancelled_by_stop');
    const outcome = await run.settled;
    assert.deepEqual([outcome.status, outcome.errorCode], ['cancelled', 'cancelled_by_user']);
  });

  it('does not take back a settled run', async () => {
    const run = runs.start({ file: process.execPath, args: ['-e', ''] });
    await run.settled;
    run.cancel('cancelled_by_user');
    assert.equal((await run.settled).status, 'succeeded');
  });

  it('starts nothing when its log cannot be opened', async () => {
    writeFileSync(join(runs.folder, 'file'), '');
    const proof = join(runs.folder, 'started');
    const logPath = join(runs.folder, 'file', 'run.log');
    const program = `require('fs').writeFileSync(${JSON.stringify(proof)}, '')`;
    const run = runs.start({ file: process.execPath, args: ['-e', program] }, { logPath });
    const outcome = await run.settled;
    assert.deepEqual([outcome.status, outcome.errorCode, run.identity], ['failed', 'log_failed', null]);
    assert.equal(existsSync(proof), false);
  });

  if (process.platform === 'linux') {
    it('ends a run whose log cannot be written any more', async () => {
      const run = runs.startFixture('ignoresTerm.mjs', [], { logPath: '/dev/full', graceSec: 0.2 });
      const outcome = await run.settled;
      assert.deepEqual([outcome.status, outcome.errorCode], ['failed', 'log_failed']);
      assert.match(outcome.message ?? '', /ENOSPC.*Free space/);
    });

    it('does not call a run with a torn log a success', async () => {
      const outcome = await runs.start({ file: 'echo', args: ['x'] }, { logPath: '/dev/full' }).settled;
      assert.deepEqual([outcome.status, outcome.errorCode], ['failed', 'log_failed']);
    });
  }

  it('runs many at a time, each with its own log', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const args = ['-e', `console.log(${String(index)})`];
        return (await runs.start({ file: process.execPath, args }).settled).stdoutExcerpt;
      }),
    );
    assert.deepEqual(
      outcomes,
      Array.from({ length: 24 }, (_, index) => `${String(index)}\n`),
    );
  });
});

function existsProcess(pid: number): boolean {
  assert.ok(pid > 1);
  try {
    // A zombie without a parent that waits still has an id, so the state decides.
    return process.platform === 'linux'
      ? !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))
      : process.kill(pid, 0);
  } catch {
    // There is no such process.
    return false;
  }
}
