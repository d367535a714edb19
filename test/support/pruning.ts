import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { RetentionLimits } from '../../src/runtime/model.ts';
import { Pruner, type PrunerOptions } from '../../src/runtime/retention/pruner.ts';
import { LogFolder } from '../../src/runtime/runs/logFolder.ts';
import { StateWriter } from '../../src/runtime/store/stateWriter.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporaryFolder.ts';
import { addPastRun, type PastRun } from './history.ts';
import { TestLogger } from './testLogger.ts';
import { WakeFixture } from './wakeFixture.ts';

const dayMs = 24 * 60 * 60 * 1000;
const firstAfterMs = 5 * 60_000;

export const unlimited: RetentionLimits = {
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

/** What pruners are tried on: a store of its own and a folder of logs. */
export class Pruning {
  readonly fixture: WakeFixture;
  readonly logger = new TestLogger();
  /** What each transaction of a pruner removed, and how long it took. */
  readonly commits: { runs: number; wakeups: number; ms: number }[] = [];
  /** Runs that clients were told about. */
  readonly touched: string[] = [];
  readonly #folder: TemporaryFolder;

  private constructor(fixture: WakeFixture, folder: TemporaryFolder) {
    this.fixture = fixture;
    this.#folder = folder;
  }

  static async open(): Promise<Pruning> {
    return new Pruning(await WakeFixture.open(), makeTemporaryFolder());
  }

  /** Where the logs are. */
  get folder(): string {
    return this.#folder.path;
  }

  count(table: string): number {
    return Number(this.fixture.store.get(`SELECT count(*) FROM ${table}`)?.[0]);
  }

  makePruner(limits: Partial<RetentionLimits>, part: Partial<PrunerOptions> = {}): Pruner {
    const { store, audit, clock } = this.fixture;
    this.touched.length = 0;
    return new Pruner({
      store,
      state: new MeasuringWriter(this),
      audit,
      clock,
      logger: this.logger,
      logs: new LogFolder(this.folder),
      limits: () => ({ ...unlimited, ...limits }),
      ...part,
    });
  }

  /** One pass with these limits. */
  async prune(limits: Partial<RetentionLimits>): Promise<void> {
    const pruner = this.makePruner(limits);
    pruner.start();
    this.fixture.clock.tick(firstAfterMs);
    await pruner.whenIdle();
    await pruner.stop();
    assert.equal(this.fixture.clock.pendingTimers, 0);
  }

  addRuns(runs: readonly PastRun[]): string[] {
    return this.fixture.state.commit((transaction) => runs.map((run) => addPastRun(transaction, run)));
  }

  daysAgo(days: number): number {
    return this.fixture.clock.now() - days * dayMs;
  }

  /** Whether the log and the index of a run are there. */
  hasFiles(runId: string): boolean[] {
    const names = readdirSync(this.folder);
    return ['.log', '.idx'].map((extension) => names.includes(`${runId}${extension}`));
  }

  async close(): Promise<void> {
    await this.fixture[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
    this.logger.assertQuiet();
  }
}

type Work<T> = Parameters<typeof StateWriter.prototype.commit<T>>[0];

class MeasuringWriter extends StateWriter {
  readonly #pruning: Pruning;

  constructor(pruning: Pruning) {
    super(pruning.fixture.store, ({ runs }) => pruning.touched.push(...runs));
    this.#pruning = pruning;
  }

  override commit<T>(work: Work<T>): T {
    const pruning = this.#pruning;
    const before = { runs: pruning.count('run'), wakeups: pruning.count('wakeup'), at: performance.now() };
    const result = super.commit(work);
    const ms = performance.now() - before.at;
    const runs = before.runs - pruning.count('run');
    pruning.commits.push({ runs, wakeups: before.wakeups - pruning.count('wakeup'), ms });
    return result;
  }
}
