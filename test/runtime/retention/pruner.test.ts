import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Audit } from '../../../src/runtime/governance/audit.ts';
import { AuditKeys } from '../../../src/runtime/governance/auditKeys.ts';
import { Pruner } from '../../../src/runtime/retention/pruner.ts';
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
import { addPastRun, dump, writeLog } from '../../support/history.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { wasmPath } from '../../support/wasm.ts';

import { Pruning, unlimited } from '../../support/pruning.ts';

const minuteMs = 60_000;

describe('Pruner', () => {
  let pruning: Pruning;
  beforeEach(async () => {
    pruning = await Pruning.open();
  });
  afterEach(() => pruning.close());

  it('prunes 2000 runs to their limits, in slices, and keeps what is shown or goes on', async function () {
    this.timeout(60_000);
    const issues = [sampleIssue(1), sampleIssue(2), sampleIssue(3)];
    pruning.fixture.state.commit((transaction) => {
      for (const issue of issues) insertIssue(transaction, issue);
      setIssueStatus(transaction, 'issue-2', 'done', 1);
    });
    const special = pruning.addRuns([
      { endedAt: pruning.daysAgo(200), agent: 'b' },
      { endedAt: pruning.daysAgo(200), issueId: 'issue-1' },
      { endedAt: pruning.daysAgo(199), issueId: 'issue-1' },
      { endedAt: pruning.daysAgo(198), issueId: 'issue-2' },
      { endedAt: pruning.daysAgo(197), state: 'queued' },
      { endedAt: pruning.daysAgo(196), state: 'running' },
    ]);
    pruning.fixture.state.commit((transaction) => {
      setLastRun(transaction, 'b', { id: special[0] ?? '', status: 'succeeded', at: pruning.daysAgo(200) });
    });
    const ids: string[] = [];
    for (let day = 200; day > 0; day -= 50) {
      const part = Array.from({ length: 500 }, (_, index) => ({ endedAt: pruning.daysAgo(day - 0.05 - index / 10) }));
      ids.push(...pruning.addRuns(part));
    }
    for (const id of [...special, ...ids]) writeLog(pruning.folder, id);
    const limits = { runDays: 90, runCount: 600, wakeupDays: 150 };

    await pruning.prune(limits);

    const kept = ids.slice(-600);
    assert.deepEqual(
      special.map((id) => findRun(pruning.fixture.store, id) !== undefined),
      [true, false, true, false, true, true],
    );
    assert.deepEqual(
      listRuns(pruning.fixture.store, { limit: 3000 })
        .map(({ id }) => id)
        .filter((id) => !special.includes(id))
        .reverse(),
      kept,
    );
    assert.deepEqual(
      pruning.touched.toSorted(),
      [...special.slice(1, 2), ...special.slice(3, 4), ...ids.slice(0, -600)].toSorted(),
    );
    assert.equal(readdirSync(pruning.folder).length, 2 * (600 + 4));
    assert.deepEqual(
      [pruning.hasFiles(special[1] ?? ''), pruning.hasFiles(special[2] ?? ''), pruning.hasFiles(kept[0] ?? '')],
      [
        [false, false],
        [true, true],
        [true, true],
      ],
    );
    // Of the wakeups only the age counts; those of what is shown and of what goes on stay.
    assert.equal(pruning.count('wakeup'), ids.length - 500 + 4);
    assert.ok(pruning.commits.every(({ runs, wakeups }) => runs <= 500 && wakeups <= 500));
    assert.ok(pruning.commits.filter(({ runs }) => runs > 0).length > 2);
    console.log(`      longest slice: ${Math.max(...pruning.commits.map(({ ms }) => ms)).toFixed(1)} ms`);
  });

  it('removes by age alone, and by count alone, and nothing at all without limits', async () => {
    const ids = pruning.addRuns([300, 200, 100, 10, 1].map((days) => ({ endedAt: pruning.daysAgo(days) })));
    const left = (): number[] => ids.flatMap((id, index) => (findRun(pruning.fixture.store, id) ? [index] : []));

    await pruning.prune({});
    assert.deepEqual(left(), [0, 1, 2, 3, 4]);
    await pruning.prune({ runDays: 250 });
    assert.deepEqual(left(), [1, 2, 3, 4]);
    await pruning.prune({ runCount: 4 });
    assert.deepEqual(left(), [1, 2, 3, 4]);
    await pruning.prune({ runCount: 2 });
    assert.deepEqual(left(), [3, 4]);
  });

  it('goes by the end of a run, not by its number', async () => {
    const [long, short] = pruning.addRuns([{ endedAt: pruning.daysAgo(1) }, { endedAt: pruning.daysAgo(100) }]);

    await pruning.prune({ runDays: 90 });

    assert.ok(findRun(pruning.fixture.store, long ?? ''));
    assert.equal(findRun(pruning.fixture.store, short ?? ''), undefined);
  });

  it('is not stopped by a row from a time when the clock was ahead', async () => {
    const [odd, old] = pruning.addRuns([{ endedAt: pruning.daysAgo(-5000) }, { endedAt: pruning.daysAgo(100) }]);

    await pruning.prune({ runDays: 90 });

    assert.deepEqual(
      [findRun(pruning.fixture.store, odd ?? '') !== undefined, findRun(pruning.fixture.store, old ?? '')],
      [true, undefined],
    );
  });

  it('removes logs by age and then by size, keeps their runs, and says in the row what removed them', async () => {
    const megabyte = 1024 * 1024;
    const ids = pruning.addRuns([
      { endedAt: pruning.daysAgo(40), logBytes: megabyte },
      { endedAt: pruning.daysAgo(20), logBytes: 3 * megabyte },
      { endedAt: pruning.daysAgo(10), logBytes: 0 },
      { endedAt: pruning.daysAgo(9), logBytes: 2 * megabyte },
      { endedAt: pruning.daysAgo(8), logBytes: 2 * megabyte },
    ]);
    for (const id of ids) writeLog(pruning.folder, id);

    await pruning.prune({ logDays: 30, logMegabytes: 4 });

    const removals = ids.map((id) => findListedRun(pruning.fixture.store, id)?.logRemoval);
    assert.deepEqual(removals, [{ reason: 'age', limit: 30 }, { reason: 'size', limit: 4 }, null, null, null]);
    assert.deepEqual(
      ids.map((id) => pruning.hasFiles(id)[0]),
      [false, false, true, true, true],
    );
    assert.deepEqual(pruning.touched.toSorted(), ids.slice(0, 2).toSorted());
    await pruning.prune({ logDays: 30, logMegabytes: 4 });
    assert.deepEqual(pruning.touched, []);
  });

  it('removes the oldest logs by size until the rest fits, over more than a slice', async () => {
    const megabyte = 1024 * 1024;
    pruning.addRuns(Array.from({ length: 1300 }, () => ({ endedAt: pruning.daysAgo(1), logBytes: megabyte })));

    await pruning.prune({ logMegabytes: 100 });

    const kept = listRuns(pruning.fixture.store, { limit: 3000 }).filter(({ logRemoval }) => logRemoval === null);
    assert.deepEqual(
      kept.map(({ number }) => number),
      Array.from({ length: 100 }, (_, index) => 1300 - index),
    );
  });

  it('keeps a run for which a wakeup waits, whatever brought that about', async () => {
    const [kept, gone] = pruning.addRuns([{ endedAt: pruning.daysAgo(91) }, { endedAt: pruning.daysAgo(91) }]);
    pruning.fixture.state.commit((transaction) => {
      transaction.run("UPDATE wakeup SET status = 'queued', ended_at = NULL WHERE run_id = ?", [kept ?? '']);
    });

    await pruning.prune({ runDays: 90 });

    assert.deepEqual(
      [kept, gone].map((id) => findRun(pruning.fixture.store, id ?? '') !== undefined),
      [true, false],
    );
  });

  it('keeps a wakeup as long as a repetition of its request may come, and one that was not delivered', async () => {
    const { store, clock } = pruning.fixture;
    const add = (id: string, part: { hours: number; key: string | null; isWaiting?: boolean }): void => {
      const at = clock.now() - part.hours * 60 * minuteMs;
      const asked = { agent: 'a', taskKey: 't', source: 'on_demand', reason: 'r', text: null, issueId: null } as const;
      const status = part.isWaiting === true ? 'queued' : 'refused';
      pruning.fixture.state.commit((transaction) => {
        insertWakeup(transaction, {
          ...asked,
          id,
          number: nextWakeupNumber(transaction),
          idempotencyKey: part.key,
          author: 'user',
          cause: null,
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

    await pruning.prune({ wakeupCount: 1 });

    assert.deepEqual(store.all('SELECT id FROM wakeup ORDER BY number').flat(), ['waiting', 'key', 'newest']);
  });

  it('gives no number twice, even when everything newer was pruned', async () => {
    pruning.addRuns([{ endedAt: pruning.daysAgo(100) }, { endedAt: pruning.daysAgo(99) }]);

    await pruning.prune({ runDays: 90, wakeupDays: 90 });

    assert.deepEqual([pruning.count('run'), pruning.count('wakeup')], [0, 0]);
    assert.deepEqual([nextRunNumber(pruning.fixture.store), nextWakeupNumber(pruning.fixture.store)], [3, 3]);
  });

  it('prunes the activity, the skip counters after 90 days and the roll-up after three years', async () => {
    const { state, store, audit, clock } = pruning.fixture;
    const usage = (days: number) => ({
      at: pruning.daysAgo(days),
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
      for (const days of [91, 89]) countSkip(transaction, { agent: 'a', reason: 'paused', at: pruning.daysAgo(days) });
      for (const days of [1097, 1090]) recordUsage(transaction, usage(days));
    });
    const before = findActivityEnd(store).number;

    await pruning.prune({ activityCount: 100 });

    const rows = listActivity(store, { limit: 2000 });
    assert.equal(rows.at(-1)?.number, before - 99);
    assert.deepEqual(
      [rows[0]?.action, JSON.parse(rows[0]?.details ?? '')],
      ['retention.pruned', { runs: 0, logs: 0, wakeups: 0, sessions: 0, activities: before - 100 }],
    );
    assert.deepEqual(
      [listSkips(store, 'a', utcDay(pruning.daysAgo(91))), listSkips(store, 'a', utcDay(pruning.daysAgo(89))).length],
      [[], 1],
    );
    assert.equal(sumUsage(store, { from: 0, to: quarterOf(clock.now()) }).runs, 1);
  });

  it('is the same after a restart, replayed from the journal', async () => {
    const directory = join(pruning.folder, 'state');
    mkdirSync(directory);
    const options = { directory, wasmPath, logger: pruning.logger, isFenced: () => false };
    const { clock } = pruning.fixture;
    const store = await Store.open(options);
    const state = new StateWriter(store, () => undefined);
    state.commit((transaction) => {
      for (let run = 0; run < 700; run += 1) addPastRun(transaction, { endedAt: pruning.daysAgo(99.95 - run / 10) });
    });
    const pruner = new Pruner({
      store,
      state,
      audit: new Audit({ store, clock, keys: new AuditKeys() }),
      clock,
      logger: pruning.logger,
      logs: new LogFolder(pruning.folder),
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
});
