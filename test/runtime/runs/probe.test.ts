import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock.ts';
import { identifyProcess, isAlive } from '../../../src/runtime/processIdentity.ts';
import { runProbe, type ProbeOutcome } from '../../../src/runtime/runs/probe.ts';
import { TestRuns } from '../../support/testRuns.ts';

describe('A probe', function () {
  this.timeout(30_000);
  let runs: TestRuns;
  let count = 0;
  before(async () => {
    runs = await TestRuns.open();
  });
  after(() => runs.close());

  const probe = (script: string, limitMs: number, signal = new AbortController().signal): Promise<ProbeOutcome> =>
    runProbe(
      { file: 'sh', args: ['-c', script], cwd: runs.folder, env: { PATH: process.env['PATH'] ?? '' } },
      `probe-${String((count += 1))}`,
      { starter: runs.starter, trees: runs.trees, clock: systemClock, limitMs, signal },
    );

  it('tells what a command said, and how it ended', async () => {
    assert.deepEqual(await probe('echo out; echo err >&2; exit 3', 10_000), {
      kind: 'exited',
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('ends one that takes too long, with what it started', async () => {
    const begunAt = performance.now();
    assert.deepEqual(await probe('trap "" TERM; sleep 600 & echo $! > child; wait; sleep 600', 300), {
      kind: 'timed_out',
    });
    assert.ok(performance.now() - begunAt < 8000);
    assertGone(runs, 'child');
  });

  it('does not wait for what a command leaves behind, and ends that too', async () => {
    const begunAt = performance.now();
    const outcome = await probe('sleep 600 & echo $! > left; echo said', 10_000);
    assert.equal(outcome.kind === 'exited' && outcome.stdout, 'said\n');
    assert.ok(performance.now() - begunAt < 8000);
    assertGone(runs, 'left');
  });

  it('keeps a bounded part of a flood', async () => {
    const outcome = await probe('head -c 5000000 /dev/zero | tr "\\0" x', 10_000);
    assert.equal(outcome.kind === 'exited' && outcome.stdout.length, 65_536);
  });

  it('ends when it is asked to, and says why nothing was started', async () => {
    const stopping = new AbortController();
    const pending = probe('sleep 600', 60_000, stopping.signal);
    setTimeout(() => {
      stopping.abort();
    }, 100);
    assert.deepEqual(await pending, { kind: 'aborted' });
    const missing = await runProbe({ file: '/nowhere/claude', args: [], cwd: runs.folder, env: {} }, 'probe-x', {
      starter: runs.starter,
      trees: runs.trees,
      clock: systemClock,
      limitMs: 1000,
      signal: new AbortController().signal,
    });
    assert.equal(missing.kind, 'not_started');
    assert.match(missing.message, /claude/);
  });
});

/** A process that nobody has taken note of yet counts as gone. */
function assertGone(runs: TestRuns, file: string): void {
  const pid = Number(readFileSync(join(runs.folder, file), 'utf8'));
  assert.ok(pid > 0);
  const identity = identifyProcess(pid);
  assert.ok(identity === null || !isAlive(identity), `${String(pid)} lives`);
}
