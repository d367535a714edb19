import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Audit } from '../../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../../src/runtime/governance/auditKeys.ts';
import type { RetentionLimits } from '../../../src/runtime/model.ts';
import { withDefaults } from '../../../src/runtime/retention/limits.ts';
import { Pruner, type PrunerOptions } from '../../../src/runtime/retention/pruner.ts';
import { LogFolder } from '../../../src/runtime/runs/logFolder.ts';
import { findActivityEnd, listActivity } from '../../../src/runtime/store/activityTable.ts';
import { setLastRun } from '../../../src/runtime/store/agentTable.ts';
import { insertIssue, setIssueStatus } from '../../../src/runtime/store/issueTable.ts';
import { findListedRun, findRun, listRuns, nextRunNumber } from '../../../src/runtime/store/runTable.ts';
import { countSkip, listSkips, utcDay } from '../../../src/runtime/store/skipTable.ts';
import { StateWriter } from '../../../src/runtime/store/stateWriter.ts';
import { Store } from '../../../src/runtime/store/store.ts';
import { quarterOf, recordUsage, sumUsage } from '../../../src/runtime/store/usageTable.ts';
import { insertWakeup, nextWakeupNumber } from '../../../src/runtime/store/wakeupTable.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';
import { addPastRun, dump, writeLog, type PastRun } from '../../support/history.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { TestLogger } from '../../support/testLogger.ts';
import { wasmPath } from '../../support/wasm.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const dayMs = 24 * 60 * 60 * 1000;
const minuteMs = 60_000;
const unlimited: RetentionLimits = {
  runDays: 0,
  runCount: 0,
  logDays: 0,
  logMegabytes: 0,
  logMegabytesPerRun: 0,
  wakeupDays: 0,
  wakeupCount: 0,
  activityDays: 0,
  activityCount: 0,
};

describe('Pruner', () => {
  const folder = useTemporaryFolder();
  let fixture: WakeFixture;
  let logger: TestLogger;
  const commits: { runs: number; wakeups: number; ms: number }[] = [];

  beforeEach(async () => {
    fixture = await WakeFixture.open();
    logger = new TestLogger();
    commits.length = 0;
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    logger.assertQuiet();
  });

  function count(table: string): number {
    return Number(fixture.store.get(`SELECT count(*) FROM ${table}`)?.[0]);
  }

  /** Like the fixture's, and measures each transaction. */
  class MeasuringWriter extends StateWriter {
    override commit<T>(work: Parameters<typeof fixture.state.commit<T>>[0]): T {
      const before = { runs: count('run'), wakeups: count('wakeup'), at: performance.now() };
      const result = super.commit(work);
      commits.push({
        runs: before.runs - count('run'),
        wakeups: before.wakeups - count('wakeup'),
        ms: performance.now() - before.at,
      });
      return result;
    }
  }

  const touched: string[] = [];

  function makePruner(limits: Partial<RetentionLimits>, part: Partial<PrunerOptions> = {}): Pruner {
    const { store, audit, clock } = fixture;
    touched.length = 0;
    return new Pruner({
      store,
      state: new MeasuringWriter(store, ({ runs }) => touched.push(...runs)),
      audit,
      clock,
      logger,
      logs: new LogFolder(folder.path),
      limits: () => ({ ...unlimited, ...limits }),
      ...part,
    });
  }

  /** One pass with these limits. */
  async function prune(limits: Partial<RetentionLimits>): Promise<void> {
    const pruner = makePruner(limits);
    pruner.start();
    fixture.clock.tick(5 * minuteMs);
    await pruner.whenIdle();
    await pruner.stop();
    assert.equal(fixture.clock.pendingTimers, 0);
  }

  function addRuns(runs: readonly PastRun[]): string[] {
    return fixture.state.commit((transaction) => runs.map((run) => addPastRun(transaction, run)));
  }

  function daysAgo(days: number): number {
    return fixture.clock.now() - days * dayMs;
  }

  function hasFiles(runId: string): boolean[] {
    const names = readdirSync(folder.path);
    return ['.log', '.idx'].map((extension) => names.includes(`${runId}${extension}`));
  }

  it('prunes 2000 runs to their limits, in slices, and keeps what is shown or goes on', async function () {
    this.timeout(60_000);
    const issues = [sampleIssue(1), sampleIssue(2), sampleIssue(3)];
    fixture.state.commit((transaction) => {
      for (const issue of issues) insertIssue(transaction, issue);
      setIssueStatus(transaction, 'issue-2', 'done', 1);
    });
    const special = addRuns([
      { endedAt: daysAgo(200), agent: 'b' },
      { endedAt: daysAgo(200), issueId: 'issue-1' },
      { endedAt: daysAgo(199), issueId: 'issue-1' },
      { endedAt: daysAgo(198), issueId: 'issue-2' },
      { endedAt: daysAgo(197), state: 'queued' },
      { endedAt: daysAgo(196), state: 'running' },
    ]);
    fixture.state.commit((transaction) => {
      setLastRun(transaction, 'b', { id: special[0] ?? '', status: 'succeeded', at: daysAgo(200) });
    });
    const ids: string[] = [];
    for (let day = 200; day > 0; day -= 50) {
      const part = Array.from({ length: 500 }, (_, index) => ({ endedAt: daysAgo(day - 0.05 - index / 10) }));
      ids.push(...addRuns(part));
    }
    for (const id of [...special, ...ids]) writeLog(folder.path, id);
    const limits = { runDays: 90, runCount: 600, wakeupDays: 150 };

    await prune(limits);

    const kept = ids.slice(-600);
    assert.deepEqual(
      special.map((id) => findRun(fixture.store, id) !== undefined),
      [true, false, true, false, true, true],
    );
    assert.deepEqual(
      listRuns(fixture.store, { limit: 3000 })
        .map(({ id }) => id)
        .filter((id) => !special.includes(id))
        .reverse(),
      kept,
    );
    assert.deepEqual(
      touched.toSorted(),
      [...special.slice(1, 2), ...special.slice(3, 4), ...ids.slice(0, -600)].toSorted(),
    );
    assert.equal(readdirSync(folder.path).length, 2 * (600 + 4));
    assert.deepEqual(
      [hasFiles(special[1] ?? ''), hasFiles(special[2] ?? ''), hasFiles(kept[0] ?? '')],
      [
        [false, false],
        [true, true],
        [true, true],
      ],
    );
    // Of the wakeups only the age counts; those of what is shown and of what goes on stay.
    assert.equal(count('wakeup'), ids.length - 500 + 4);
    assert.ok(commits.every(({ runs, wakeups }) => runs <= 500 && wakeups <= 500));
    assert.ok(commits.filter(({ runs }) => runs > 0).length > 2);
    console.log(`      longest slice: ${Math.max(...commits.map(({ ms }) => ms)).toFixed(1)} ms`);
  });

  it('removes by age alone, and by count alone, and nothing at all without limits', async () => {
    const ids = addRuns([300, 200, 100, 10, 1].map((days) => ({ endedAt: daysAgo(days) })));
    const left = (): number[] => ids.flatMap((id, index) => (findRun(fixture.store, id) ? [index] : []));

    await prune({});
    assert.deepEqual(left(), [0, 1, 2, 3, 4]);
    await prune({ runDays: 250 });
    assert.deepEqual(left(), [1, 2, 3, 4]);
    await prune({ runCount: 4 });
    assert.deepEqual(left(), [1, 2, 3, 4]);
    await prune({ runCount: 2 });
    assert.deepEqual(left(), [3, 4]);
  });

  it('goes by the end of a run, not by its number', async () => {
    const [long, short] = addRuns([{ endedAt: daysAgo(1) }, { endedAt: daysAgo(100) }]);

    await prune({ runDays: 90 });

    assert.ok(findRun(fixture.store, long ?? ''));
    assert.equal(findRun(fixture.store, short ?? ''), undefined);
  });

  it('is not stopped by a row from a time when the clock was ahead', async () => {
    const [odd, old] = addRuns([{ endedAt: daysAgo(-5000) }, { endedAt: daysAgo(100) }]);

    await prune({ runDays: 90 });

    assert.deepEqual(
      [findRun(fixture.store, odd ?? '') !== undefined, findRun(fixture.store, old ?? '')],
      [true, undefined],
    );
  });

  it('removes logs by age and then by size, keeps their runs, and says in the row what removed them', async () => {
    const megabyte = 1024 * 1024;
    const ids = addRuns([
      { endedAt: daysAgo(40), logBytes: megabyte },
      { endedAt: daysAgo(20), logBytes: 3 * megabyte },
      { endedAt: daysAgo(10), logBytes: 0 },
      { endedAt: daysAgo(9), logBytes: 2 * megabyte },
      { endedAt: daysAgo(8), logBytes: 2 * megabyte },
    ]);
    for (const id of ids) writeLog(folder.path, id);

    await prune({ logDays: 30, logMegabytes: 4 });

    const removals = ids.map((id) => findListedRun(fixture.store, id)?.logRemoval);
    assert.deepEqual(removals, [{ reason: 'age', limit: 30 }, { reason: 'size', limit: 4 }, null, null, null]);
    assert.deepEqual(
      ids.map((id) => hasFiles(id)[0]),
      [false, false, true, true, true],
    );
    assert.deepEqual(touched.toSorted(), ids.slice(0, 2).toSorted());
    await prune({ logDays: 30, logMegabytes: 4 });
    assert.deepEqual(touched, []);
  });

  it('removes the oldest logs by size until the rest fits, over more than a slice', async () => {
    const megabyte = 1024 * 1024;
    addRuns(Array.from({ length: 1300 }, () => ({ endedAt: daysAgo(1), logBytes: megabyte })));

    await prune({ logMegabytes: 100 });

    const kept = listRuns(fixture.store, { limit: 3000 }).filter(({ logRemoval }) => logRemoval === null);
    assert.deepEqual(
      kept.map(({ number }) => number),
      Array.from({ length: 100 }, (_, index) => 1300 - index),
    );
  });

  it('removes a log only when the row that says so is durable', async () => {
    const { store, clock } = fixture;
    const [id] = addRuns([{ endedAt: daysAgo(91) }]);
    writeLog(folder.path, id ?? '');
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
    const pruner = makePruner({ runDays: 90 }, { store: slow });
    pruner.start();
    clock.tick(5 * minuteMs);

    await asked.promise;
    await nextTurn();
    assert.equal(findRun(store, id ?? ''), undefined);
    assert.deepEqual(hasFiles(id ?? ''), [true, true]);
    gate.resolve(undefined);
    await pruner.whenIdle();

    assert.deepEqual(hasFiles(id ?? ''), [false, false]);
    await pruner.stop();
  });

  it('lets others have their turn between two slices', async () => {
    const { store, state, clock } = fixture;
    state.commit((transaction) => {
      for (let number = 1; number <= 1600; number += 1) addPastRun(transaction, { endedAt: daysAgo(2) });
    });
    let turn = 0;
    let isDone = false;
    const count = (): void => {
      turn += 1;
      if (!isDone) setImmediate(count);
    };
    const turns: number[] = [];
    class TurnWriter extends StateWriter {
      override commit<T>(work: Parameters<typeof fixture.state.commit<T>>[0]): T {
        turns.push(turn);
        return super.commit(work);
      }
    }
    const pruner = makePruner({ wakeupDays: 1 }, { state: new TurnWriter(store, () => undefined) });
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
    const logs = new LogFolder(folder.path);
    let sweeps = 0;
    const runIds = (): AsyncIterable<string> => {
      sweeps += 1;
      return logs.runIds();
    };
    const { clock } = fixture;
    const remove = (runId: string): Promise<void> => logs.remove(runId);
    const pruner = makePruner({}, { logs: { remove, runIds, lastWrittenAt: (runId) => logs.lastWrittenAt(runId) } });
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

  it('keeps a run for which a wakeup waits, whatever brought that about', async () => {
    const [kept, gone] = addRuns([{ endedAt: daysAgo(91) }, { endedAt: daysAgo(91) }]);
    fixture.state.commit((transaction) => {
      transaction.run("UPDATE wakeup SET status = 'queued', ended_at = NULL WHERE run_id = ?", [kept ?? '']);
    });

    await prune({ runDays: 90 });

    assert.deepEqual(
      [kept, gone].map((id) => findRun(fixture.store, id ?? '') !== undefined),
      [true, false],
    );
  });

  it('keeps a wakeup as long as a repetition of its request may come, and one that was not delivered', async () => {
    const { store, clock } = fixture;
    const add = (id: string, part: { hours: number; key: string | null; isWaiting?: boolean }): void => {
      const at = clock.now() - part.hours * 60 * minuteMs;
      const asked = { agent: 'a', taskKey: 't', source: 'on_demand', reason: 'r', text: null, issueId: null } as const;
      const status = part.isWaiting === true ? 'queued' : 'refused';
      fixture.state.commit((transaction) => {
        insertWakeup(transaction, {
          ...asked,
          id,
          number: nextWakeupNumber(transaction),
          idempotencyKey: part.key,
          status,
          statusReason: null,
          runId: null,
          requestedAt: at,
          endedAt: status === 'queued' ? null : at,
        });
      });
    };
    add('waiting', { hours: 5000, key: null, isWaiting: true });
    add('old key', { hours: 25, key: 'k' });
    add('key', { hours: 23, key: 'k2' });
    add('plain', { hours: 23, key: null });
    add('newest', { hours: 22, key: null });

    await prune({ wakeupCount: 1 });

    assert.deepEqual(store.all('SELECT id FROM wakeup ORDER BY number').flat(), ['waiting', 'key', 'newest']);
  });

  it('gives no number twice, even when everything newer was pruned', async () => {
    addRuns([{ endedAt: daysAgo(100) }, { endedAt: daysAgo(99) }]);

    await prune({ runDays: 90, wakeupDays: 90 });

    assert.deepEqual([count('run'), count('wakeup')], [0, 0]);
    assert.deepEqual([nextRunNumber(fixture.store), nextWakeupNumber(fixture.store)], [3, 3]);
  });

  it('prunes the activity, the skip counters after 90 days and the roll-up after three years', async () => {
    const { state, store, audit, clock } = fixture;
    const usage = (days: number) => ({
      at: daysAgo(days),
      agent: 'a',
      issueId: null,
      isFailed: false,
      runMs: 1,
      usage: null,
    });
    state.commit((transaction) => {
      for (let entry = 0; entry < 1200; entry += 1) {
        audit.record(transaction, { actor: 'runtime', action: 'run.settled', target: 'run:x' });
      }
      for (const days of [91, 89]) countSkip(transaction, { agent: 'a', reason: 'paused', at: daysAgo(days) });
      for (const days of [1097, 1090]) recordUsage(transaction, usage(days));
    });
    const before = findActivityEnd(store).number;

    await prune({ activityCount: 100 });

    const rows = listActivity(store, { limit: 2000 });
    assert.equal(rows.at(-1)?.number, before - 99);
    assert.deepEqual(
      [rows[0]?.action, JSON.parse(rows[0]?.details ?? '')],
      ['retention.pruned', { runs: 0, logs: 0, wakeups: 0, activities: before - 100 }],
    );
    assert.deepEqual(
      [listSkips(store, 'a', utcDay(daysAgo(91))), listSkips(store, 'a', utcDay(daysAgo(89))).length],
      [[], 1],
    );
    assert.equal(sumUsage(store, { from: 0, to: quarterOf(clock.now()) }).runs, 1);
  });

  it('looks for the first time minutes after the start, then every ten, and not while it is stopped', async () => {
    const [first] = addRuns([{ endedAt: daysAgo(91) }]);
    const pruner = makePruner({ runDays: 90 });
    const { clock, store } = fixture;
    pruner.start();

    clock.tick(5 * minuteMs - 1);
    await pruner.whenIdle();
    assert.ok(findRun(store, first ?? ''));
    clock.tick(1);
    await pruner.whenIdle();
    assert.equal(findRun(store, first ?? ''), undefined);

    const [second] = addRuns([{ endedAt: daysAgo(91) }]);
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
    addRuns(Array.from({ length: 1200 }, () => ({ endedAt: daysAgo(91) })));
    const pruner = makePruner({ runDays: 90 });
    pruner.start();
    fixture.clock.tick(5 * minuteMs);

    await pruner.stop();

    assert.equal(count('run'), 700);
  });

  it('sweeps logs that a crash left over: of runs once deleted or whose log is marked as removed, not of unknown ones', async () => {
    const [deleted, marked, kept] = addRuns([91, 40, 1].map((days) => ({ endedAt: daysAgo(days) })));
    await prune({ runDays: 90, logDays: 30 });
    const unknown = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ';
    const files = [deleted, marked, kept, unknown].map((id) => id ?? '');
    for (const id of files) writeLog(folder.path, id);
    const isThere = (): (boolean | undefined)[] => files.map((id) => hasFiles(id)[0]);
    const written = (at: number): void => {
      for (const name of readdirSync(folder.path)) utimesSync(join(folder.path, name), at / 1000, at / 1000);
    };

    written(fixture.clock.now() - 30 * minuteMs);
    await prune({});
    assert.deepEqual(isThere(), [true, true, true, true]);
    written(fixture.clock.now() - 70 * minuteMs);
    await prune({});
    assert.deepEqual(isThere(), [false, false, true, true]);
  });

  it('is the same after a restart, replayed from the journal', async () => {
    const directory = join(folder.path, 'state');
    mkdirSync(directory);
    const options = { directory, wasmPath, logger, isFenced: () => false };
    const { clock } = fixture;
    const store = await Store.open(options);
    const state = new StateWriter(store, () => undefined);
    state.commit((transaction) => {
      for (let run = 0; run < 700; run += 1) addPastRun(transaction, { endedAt: daysAgo(99.95 - run / 10) });
    });
    const pruner = new Pruner({
      store,
      state,
      audit: new Audit({ store, clock, keys: new AuditKeys() }),
      clock,
      logger,
      logs: new LogFolder(folder.path),
      limits: () => ({ ...unlimited, runDays: 90, logDays: 60, wakeupCount: 300 }),
    });
    pruner.start();
    clock.tick(5 * minuteMs);
    await pruner.whenIdle();
    await pruner.stop();
    const live = dump(store);
    await store.close();

    const again = await Store.open(options);

    assert.deepEqual(dump(again), live);
    assert.equal(live['run']?.length, 600);
    assert.equal(nextRunNumber(again), 701);
    await again.close();
  });

  it('passes over what cannot be written and tries again', async () => {
    const [id] = addRuns([{ endedAt: daysAgo(91) }]);
    const { store, audit, clock } = fixture;
    let failures = 1;
    class FailingWriter extends StateWriter {
      override commit<T>(work: Parameters<typeof fixture.state.commit<T>>[0]): T {
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
      logs: new LogFolder(folder.path),
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
