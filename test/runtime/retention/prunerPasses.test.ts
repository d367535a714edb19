import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RetentionLimits } from '../../../src/runtime/model.ts';
import { withDefaults } from '../../../src/runtime/retention/limits.ts';
import { Pruner, type PrunerOptions } from '../../../src/runtime/retention/pruner.ts';
import { LogFolder } from '../../../src/runtime/runs/logFolder.ts';
import { findRun } from '../../../src/runtime/store/runTable.ts';
import { StateWriter } from '../../../src/runtime/store/stateWriter.ts';
import { addPastRun, writeLog } from '../../support/history.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { Pruning } from '../../support/pruning.ts';

const dayMs = 24 * 60 * 60 * 1000;
const minuteMs = 60_000;

describe('A pass of the Pruner', () => {
  let pruning: Pruning;
  beforeEach(async () => {
    pruning = await Pruning.open();
  });
  afterEach(() => pruning.close());

  it('removes a log only when the row that says so is durable', async () => {
    const { store, clock } = pruning.fixture;
    const [id] = pruning.addRuns([{ endedAt: pruning.daysAgo(91) }]);
    writeLog(pruning.folder, id ?? '');
    const asked = Promise.withResolvers<undefined>();
    const gate = Promise.withResolvers<undefined>();
    const slow: PrunerOptions['store'] = {
      all: (sql, params) => store.all(sql, params),
      get: (sql, params) => store.get(sql, params),
      durable: () => {
        asked.resolve(undefined);
        return gate.promise;
      },
    };
    const pruner = pruning.makePruner({ runDays: 90 }, { store: slow });
    pruner.start();
    clock.tick(5 * minuteMs);

    await asked.promise;
    await nextTurn();
    assert.equal(findRun(store, id ?? ''), undefined);
    assert.deepEqual(pruning.hasFiles(id ?? ''), [true, true]);
    gate.resolve(undefined);
    await pruner.whenIdle();

    assert.deepEqual(pruning.hasFiles(id ?? ''), [false, false]);
    await pruner.stop();
  });

  it('lets others have their turn between two slices', async () => {
    const { store, state, clock } = pruning.fixture;
    state.commit((transaction) => {
      for (let number = 1; number <= 1600; number += 1) addPastRun(transaction, { endedAt: pruning.daysAgo(2) });
    });
    let turn = 0;
    let isDone = false;
    const count = (): void => {
      turn += 1;
      if (!isDone) setImmediate(count);
    };
    const turns: number[] = [];
    class TurnWriter extends StateWriter {
      override commit<T>(work: Parameters<typeof pruning.fixture.state.commit<T>>[0]): T {
        turns.push(turn);
        return super.commit(work);
      }
    }
    const pruner = pruning.makePruner({ wakeupDays: 1 }, { state: new TurnWriter(store, () => undefined) });
    pruner.start();
    setImmediate(count);
    clock.tick(5 * minuteMs);
    await pruner.whenIdle();
    await pruner.stop();
    isDone = true;

    assert.ok(turns.length > 4);
    assert.equal(new Set(turns).size, turns.length);
  });

  it('sweeps once a day, not with every pass', async () => {
    const logs = new LogFolder(pruning.folder);
    let sweeps = 0;
    const runIds = (): AsyncIterable<string> => {
      sweeps += 1;
      return logs.runIds();
    };
    const { clock } = pruning.fixture;
    const remove = (runId: string): Promise<void> => logs.remove(runId);
    const pruner = pruning.makePruner(
      {},
      { logs: { remove, runIds, lastWrittenAt: (runId) => logs.lastWrittenAt(runId) } },
    );
    pruner.start();
    clock.tick(5 * minuteMs);
    await pruner.whenIdle();
    clock.tick(10 * minuteMs);
    await pruner.whenIdle();
    assert.equal(sweeps, 1);
    clock.jump(dayMs);
    clock.tick(10 * minuteMs);
    await pruner.whenIdle();

    assert.equal(sweeps, 2);
    await pruner.stop();
  });

  it('looks for the first time minutes after the start, then every ten, and not while it is stopped', async () => {
    const [first] = pruning.addRuns([{ endedAt: pruning.daysAgo(91) }]);
    const pruner = pruning.makePruner({ runDays: 90 });
    const { clock, store } = pruning.fixture;
    pruner.start();

    clock.tick(5 * minuteMs - 1);
    await pruner.whenIdle();
    assert.ok(findRun(store, first ?? ''));
    clock.tick(1);
    await pruner.whenIdle();
    assert.equal(findRun(store, first ?? ''), undefined);

    const [second] = pruning.addRuns([{ endedAt: pruning.daysAgo(91) }]);
    clock.tick(10 * minuteMs - 1);
    await pruner.whenIdle();
    assert.ok(findRun(store, second ?? ''));
    clock.tick(1);
    await pruner.whenIdle();
    assert.equal(findRun(store, second ?? ''), undefined);

    await pruner.stop();
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends after the slice under way when it is stopped', async () => {
    pruning.addRuns(Array.from({ length: 1200 }, () => ({ endedAt: pruning.daysAgo(91) })));
    const pruner = pruning.makePruner({ runDays: 90 });
    pruner.start();
    pruning.fixture.clock.tick(5 * minuteMs);

    await pruner.stop();

    assert.equal(pruning.count('run'), 700);
  });

  it('sweeps logs that a crash left over: of runs once deleted or whose log is marked as removed, not of unknown ones', async () => {
    const [deleted, marked, kept] = pruning.addRuns([91, 40, 1].map((days) => ({ endedAt: pruning.daysAgo(days) })));
    await pruning.prune({ runDays: 90, logDays: 30 });
    const unknown = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ';
    const files = [deleted, marked, kept, unknown].map((id) => id ?? '');
    for (const id of files) writeLog(pruning.folder, id);
    const isThere = (): (boolean | undefined)[] => files.map((id) => pruning.hasFiles(id)[0]);
    const written = (at: number): void => {
      for (const name of readdirSync(pruning.folder)) utimesSync(join(pruning.folder, name), at / 1000, at / 1000);
    };

    written(pruning.fixture.clock.now() - 30 * minuteMs);
    await pruning.prune({});
    assert.deepEqual(isThere(), [true, true, true, true]);
    written(pruning.fixture.clock.now() - 70 * minuteMs);
    await pruning.prune({});
    assert.deepEqual(isThere(), [false, false, true, true]);
  });

  it('passes over what cannot be written and tries again', async () => {
    const [id] = pruning.addRuns([{ endedAt: pruning.daysAgo(91) }]);
    const { store, audit, clock } = pruning.fixture;
    let failures = 1;
    class FailingWriter extends StateWriter {
      override commit<T>(work: Parameters<typeof pruning.fixture.state.commit<T>>[0]): T {
        if (failures-- > 0) throw new Error('not now');
        return super.commit(work);
      }
    }
    const limits = (): RetentionLimits => ({ ...withDefaults({}), runDays: 90 });
    const failing = new TestLogger();
    const pruner = new Pruner({
      store,
      state: new FailingWriter(store, () => undefined),
      audit,
      clock,
      logger: failing,
      logs: new LogFolder(pruning.folder),
      limits,
    });
    pruner.start();
    clock.tick(5 * minuteMs);
    await pruner.whenIdle();
    assert.ok(findRun(store, id ?? ''));

    clock.tick(10 * minuteMs);
    await pruner.whenIdle();

    assert.equal(findRun(store, id ?? ''), undefined);
    await pruner.stop();
  });
});
