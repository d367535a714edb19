import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { Logger } from '../../../src/runtime/log.ts';
import { identifyProcess, type ProcessIdentity } from '../../../src/runtime/processIdentity.ts';
import type { ProcessEntry } from '../../../src/runtime/runs/processEntry.ts';
import { ProcessTrees } from '../../../src/runtime/runs/processTree.ts';
import { ManualClock } from '../../support/manualClock.ts';

const silent: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (...details) => assert.fail(String(details)),
};

function sleeper(runId: string): { child: ChildProcess; identity: ProcessIdentity; exit: Promise<unknown[]> } {
  const env = { PATH: process.env['PATH'], REVEILLE_RUN_ID: runId };
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    env,
    detached: true,
    stdio: 'ignore',
  });
  const identity = identifyProcess(child.pid ?? 0);
  assert.ok(identity);
  return { child, identity, exit: once(child, 'exit') };
}

describe('process trees', () => {
  it('end what is alive of a lost run, and only that', async () => {
    const trees = new ProcessTrees({ clock: systemClock, logger: silent });
    const [lostId, otherId] = [randomUUID(), randomUUID()];
    const [lost, helper, other] = [sleeper(lostId), sleeper(lostId), sleeper(otherId)];
    assert.equal(await trees.endLostRun({ runId: lostId, identity: lost.identity }), 2);
    assert.deepEqual(await Promise.all([lost.exit, helper.exit]), [
      [null, 'SIGKILL'],
      [null, 'SIGKILL'],
    ]);
    assert.equal(await trees.endLostRun({ runId: lostId, identity: lost.identity }), 0);
    assert.equal(other.child.kill(0), true);
    assert.equal(await trees.endLostRun({ runId: otherId, identity: null }), 1);
    await other.exit;
  });

  it('spare a stranger that got the process id of a lost run', async () => {
    const trees = new ProcessTrees({ clock: systemClock, logger: silent });
    const stranger = sleeper(randomUUID());
    const identity = { ...stranger.identity, startTime: `${stranger.identity.startTime}0` };
    assert.equal(await trees.endLostRun({ runId: randomUUID(), identity }), 0);
    const beforeBoot = { ...stranger.identity, bootId: 'before' };
    assert.equal(await trees.endLostRun({ runId: randomUUID(), identity: beforeBoot }), 0);
    assert.equal(stranger.child.kill(), true);
    await stranger.exit;
  });

  it('are sampled by one timer, seldom, and only while runs live', async () => {
    const clock = new ManualClock();
    let reads = 0;
    const readTable = (): Promise<ProcessEntry[]> => {
      reads += 1;
      return Promise.resolve([]);
    };
    const trees = new ProcessTrees({
      clock,
      logger: silent,
      platform: { readTable, hasSignals: true, canSample: true },
    });
    assert.equal(clock.pendingTimers, 0);
    const watched = Array.from({ length: 50 }, (_, index) => trees.watch(String(index), null));
    for (const [index, delay] of [250, 500, 1000, 2000, 2000].entries()) {
      await clock.whenTimerSet((pending) => pending === delay);
      assert.equal(clock.pendingTimers, 1);
      clock.tick(delay);
      assert.equal(reads, index + 1);
    }
    for (const tree of watched) tree.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(clock.pendingTimers, 0);
  });

  it('say so when the system does not list its processes', async () => {
    const readTable = (): Promise<ProcessEntry[]> => Promise.reject(new Error('no ps'));
    const platform = { readTable, hasSignals: true, canSample: false };
    const trees = new ProcessTrees({ clock: systemClock, logger: silent, platform });
    assert.deepEqual(await trees.watch('R', null).end(0), { ended: 0, left: null });
  });
});
