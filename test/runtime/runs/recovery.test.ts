import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock.ts';
import { ProcessTrees } from '../../../src/runtime/runs/processTree.ts';
import { recoverLostRuns } from '../../../src/runtime/runs/recovery.ts';
import { findRun, listQueuedRuns, listRunningRuns } from '../../../src/runtime/store/runTable.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

/** A run that was claimed by a runtime which is gone now; recovered in a folder with or without its log. */
async function recoverClaimed(fixture: WakeFixture, hasLog: boolean): Promise<string> {
  using logs = makeTemporaryFolder();
  const runId = fixture.ask({ text: 'important' }).runId ?? '';
  fixture.queue.claim(runId, { commandLine: 'true', cwd: '/' });
  if (hasLog) writeFileSync(join(logs.path, `${runId}.log`), 'so far');
  const logger = new TestLogger();
  const trees = new ProcessTrees({ clock: systemClock, logger });
  await recoverLostRuns({
    runs: listRunningRuns(fixture.store),
    trees,
    clock: systemClock,
    logger,
    logsDirectory: logs.path,
    originOf: () => null,
    settle: (id, settlement, isDelivered) => {
      fixture.queue.settle(id, settlement, isDelivered);
    },
  });
  trees.dispose();
  return runId;
}

describe('recovery', () => {
  it('settles a run that was going on as lost, with the log that it left, and never repeats it', async () => {
    await using fixture = await WakeFixture.open();

    const run = findRun(fixture.store, await recoverClaimed(fixture, true));

    assert.deepEqual([run?.status, run?.errorCode, run?.logBytes], ['failed', 'process_lost', 6]);
    assert.deepEqual(listQueuedRuns(fixture.store, null, 10), []);
  });

  it('gives a run that its agent bears to lose to another attempt, at once', async () => {
    await using fixture = await WakeFixture.open({ resumable: true });

    const lost = findRun(fixture.store, await recoverClaimed(fixture, true));

    const [again] = listQueuedRuns(fixture.store, null, 10);
    assert.deepEqual([again?.chainId, again?.attempt, again?.notBefore], [lost?.id, 2, null]);
    assert.match(lost?.message ?? '', /tried again by itself, as attempt 2 of 3/);
  });

  it('queues again what a run was to deliver that had been claimed and not started', async () => {
    await using fixture = await WakeFixture.open();

    const lost = findRun(fixture.store, await recoverClaimed(fixture, false));

    assert.match(lost?.message ?? '', /queued again/);
    const [again] = listQueuedRuns(fixture.store, null, 10);
    const claimed = fixture.queue.claim(again?.id ?? '', { commandLine: 'true', cwd: '/' });
    assert.deepEqual(
      claimed?.wakeups.map(({ text }) => text),
      ['important'],
    );
  });
});
