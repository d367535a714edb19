import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Assignment } from '../../../src/runtime/runs/executor.ts';
import type { Settlement } from '../../../src/runtime/store/runTable.ts';
import { findRun } from '../../../src/runtime/store/runTable.ts';
import { makeDefinition } from '../../support/policies.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { openExecutor as openTestExecutor } from '../../support/testExecutor.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

/** An executor in a folder of its own, whose disk is as slow as the test wants. */
async function openExecutor(
  command: string,
  disk: Promise<void>,
  secrets: () => Record<string, string> | null = () => ({}),
) {
  const folder = makeTemporaryFolder();
  await using fixture = await WakeFixture.open();
  const run = findRun(fixture.store, fixture.ask().runId ?? '');
  assert.ok(run);
  const definition = makeDefinition(folder.path, { command: 'sh', args: ['-c', command] });
  const assignment: Assignment = {
    run,
    definition,
    issue: null,
    session: { saved: null, other: null, lastWords: [] },
    wakeups: [],
  };
  const settlements: (Settlement & { isDelivered?: boolean | undefined })[] = [];
  const noted: number[] = [];
  const opened = openTestExecutor(folder.path, {
    records: {
      noteProcess: (_runId, { pid }) => noted.push(pid),
      settle: (_runId, settlement, isDelivered) => settlements.push({ ...settlement, isDelivered }),
      durable: () => disk,
    },
    secrets: { valuesOf: secrets, presentOf: () => ({}), known: () => [], isUsed: false },
  });
  const dispose = (): void => {
    opened[Symbol.dispose]();
    folder[Symbol.dispose]();
  };
  return { ...opened, assignment, settlements, noted, folder, [Symbol.dispose]: dispose };
}

describe('Executor', function () {
  this.timeout(20_000);

  it('starts nothing before the claim is on the disk', async () => {
    const disk = Promise.withResolvers<undefined>();
    using opened = await openExecutor('echo started > started', disk.promise);
    const execution = opened.executor.execute(opened.assignment);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(opened.noted, []);

    disk.resolve(undefined);
    await execution;

    assert.equal(readFileSync(join(opened.folder.path, 'started'), 'utf8'), 'started\n');
    assert.deepEqual(
      opened.settlements.map(({ status }) => status),
      ['succeeded'],
    );
    assert.equal(opened.noted.length, 1);
  });

  it('starts nothing at all if it was cancelled meanwhile', async () => {
    const disk = Promise.withResolvers<undefined>();
    using opened = await openExecutor('echo started > started', disk.promise);
    const execution = opened.executor.execute(opened.assignment);

    assert.equal(opened.executor.cancel(opened.assignment.run.id, 'cancelled_by_user'), true);
    disk.resolve(undefined);
    await execution;

    assert.deepEqual(opened.noted, []);
    assert.deepEqual(
      opened.settlements.map(({ status, errorCode }) => [status, errorCode]),
      [['cancelled', 'cancelled_by_user']],
    );
  });

  it('starts nothing, and gives back what it was to deliver, if a secret went between claim and start', async () => {
    const disk = Promise.withResolvers<undefined>();
    let secrets: Record<string, string> | null = {};
    using opened = await openExecutor('echo started > started', disk.promise, () => secrets);
    const execution = opened.executor.execute(opened.assignment);

    secrets = null;
    disk.resolve(undefined);
    await execution;

    assert.deepEqual(opened.noted, []);
    assert.deepEqual(
      opened.settlements.map(({ status, errorCode, isDelivered }) => [status, errorCode, isDelivered]),
      [['failed', 'secret_missing', false]],
    );
  });

  it('knows that a run used nothing of which nothing was started, and nothing of one that told nothing', async () => {
    let secrets: () => Record<string, string> = () => ({});
    using opened = await openExecutor('exit 0', Promise.resolve(), () => secrets());
    const { executor, assignment, folder } = opened;
    const missing = { ...assignment.definition, command: 'no-such-program' };
    await executor.execute({ ...assignment, definition: missing });
    secrets = () => {
      throw new Error('a mistake of ours');
    };
    await executor.execute(assignment);
    secrets = () => ({});
    const execution = executor.execute(assignment);
    executor.cancel(assignment.run.id, 'cancelled_by_user');
    await execution;
    await executor.execute(assignment);
    rmSync(join(folder.path, 'logs'), { recursive: true });
    await executor.execute(assignment);

    const nothing = { models: [], turns: null };
    assert.deepEqual(
      opened.settlements.map(({ errorCode, usage }) => [errorCode, usage]),
      [
        ['command_not_found', nothing],
        ['internal', nothing],
        ['cancelled_by_user', nothing],
        [null, null],
        ['log_failed', nothing],
      ],
    );
  });

  it('starts nothing when the claim cannot be made durable, and says so in its log', async () => {
    const disk = Promise.reject(new Error('disk full'));
    disk.catch(() => undefined);
    using opened = await openExecutor('echo started > started', disk);

    await opened.executor.execute(opened.assignment);

    assert.deepEqual(opened.noted, []);
    assert.match(JSON.stringify(opened.logger.lines), /could not be recorded/);
  });
});
