import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { Audit } from '../governance/audit.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import type { RetentionLimits } from '../model.ts';
import { oldestActivityToKeep } from '../store/activityTable.ts';
import {
  deleteRuns,
  deleteWakeups,
  listLogFacts,
  listRunFacts,
  listWakeupFacts,
  markLogsRemoved,
  numberOfNewest,
  sumLogBytes,
} from '../store/retentionTable.ts';
import { deleteSession, listSpentSessions } from '../store/sessionTable.ts';
import { deleteOldSkips, utcDay } from '../store/skipTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Reader, Store } from '../store/store.ts';
import { deleteOldUsage, quarterOf } from '../store/usageTable.ts';
import {
  excessOf,
  isBeyond,
  oldestEnd,
  removalBy,
  spentLogs,
  spentRuns,
  spentWakeups,
  type Bounds,
  type LogBounds,
} from './decide.ts';
import { sweepOrphans, type RunLogs } from './orphanSweep.ts';

export interface PrunerOptions {
  readonly store: Reader & Pick<Store, 'durable'>;
  readonly state: StateWriter;
  readonly audit: Pick<Audit, 'prune' | 'record'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logs: RunLogs;
  readonly limits: () => RetentionLimits;
}

/** What one pass removed. */
export interface Pruned {
  readonly runs: number;
  readonly logs: number;
  readonly wakeups: number;
  readonly sessions: number;
  readonly activities: number;
}

/** After the start, in milliseconds: whoever opened the folder wants to work now. */
const firstAfterMs = 5 * 60_000;
const intervalMs = 10 * 60_000;
const sweepEveryMs = 24 * 60 * 60_000;
/** Rows that one transaction looks at, and so removes at most. */
const sliceRows = 500;
const dayMs = 24 * 60 * 60 * 1000;
const skipDays = 90;
const usageDays = 3 * 365 + 1;

/** A step of a pass: one transaction that looks at the rows after a number. Null when nothing is left to look at. */
type Slice = (transaction: StateTransaction, after: number) => number | null;

/**
 * Removes what is older or more than the limits say, now and then, a slice at a time: no transaction touches more than 500 rows,
 * and between two of them others have their turn. Files go after the rows that say so are durable; what a crash leaves
 * over is found by the sweep.
 */
export class Pruner {
  readonly #options: PrunerOptions;
  #timer: Disposable | null = null;
  #pass: Promise<void> | null = null;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Begins to look, the first time some minutes from now. */
  start(): void {
    this.#arm(firstAfterMs);
  }

  /** Begins nothing more; resolves when the slice under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.dispose();
    await this.#pass;
  }

  /** Resolves when no pass is under way. */
  async whenIdle(): Promise<void> {
    await this.#pass;
  }

  #arm(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#pass = this.#runPass().finally(() => {
        this.#pass = null;
        this.#arm(intervalMs);
      });
    }, delayMs);
  }

  /** Never rejects: what fails is tried again with the next pass. */
  async #runPass(): Promise<void> {
    const { logger } = this.#options;
    try {
      const pruned = await this.#prune();
      if (Object.values(pruned).some((count) => count > 0))
        logger.info('Removed what is older than its limits', pruned);
      await this.#sweepIfDue();
    } catch (error) {
      logger.error('Removing old history failed', toError(error));
    }
  }

  async #prune(): Promise<Pruned> {
    const limits = this.#options.limits();
    const now = this.#options.clock.now();
    // Runs before logs: a run that goes takes its log along, which then counts no more.
    const runs = await this.#pruneRuns(limits, now);
    const logs = await this.#pruneLogs(limits, now);
    const wakeups = await this.#pruneWakeups(limits, now);
    const sessions = await this.#pruneSessions(limits, now);
    const activities = await this.#pruneActivity(limits, now);
    await this.#pruneCounters(now);
    const pruned = { runs, logs, wakeups, sessions, activities };
    if (Object.values(pruned).some((count) => count > 0)) this.#record(pruned);
    return pruned;
  }

  #record(pruned: Pruned): void {
    this.#options.state.commit((transaction) => {
      const entry = { actor: 'runtime', action: 'retention.pruned', target: 'state' } as const;
      this.#options.audit.record(transaction, { ...entry, details: { ...pruned } });
    });
  }

  async #pruneRuns({ runDays, runCount }: RetentionLimits, now: number): Promise<number> {
    const bounds = this.#bounds('run', { days: runDays, count: runCount }, now);
    let removed = 0;
    let gone: string[] = [];
    const slice: Slice = (transaction, after) => {
      const runs = listRunFacts(transaction, after, sliceRows);
      gone = spentRuns(runs, bounds);
      if (gone.length > 0) deleteRuns(transaction, gone);
      for (const id of gone) transaction.touchRun(id);
      removed += gone.length;
      return nextAfter(runs, (run) => run.queuedAt, bounds);
    };
    await this.#walk(slice, () => this.#removeFiles(gone));
    return removed;
  }

  /** First those that are too old; only if the rest is still too much, the oldest of it. */
  async #pruneLogs(limits: RetentionLimits, now: number): Promise<number> {
    const removed = await this.#removeLogs(limits, { endedBefore: oldestEnd(limits.logDays, now), excessBytes: 0 });
    const excessBytes = excessOf(sumLogBytes(this.#options.store), limits);
    if (excessBytes === 0) return removed;
    return removed + (await this.#removeLogs(limits, { endedBefore: Number.NEGATIVE_INFINITY, excessBytes }));
  }

  async #removeLogs(limits: RetentionLimits, bounds: LogBounds): Promise<number> {
    const { endedBefore } = bounds;
    let { excessBytes } = bounds;
    let removed = 0;
    let gone: string[] = [];
    const slice: Slice = (transaction, after) => {
      const logs = listLogFacts(transaction, after, sliceRows);
      const { byAge, bySize, freedBytes } = spentLogs(logs, { endedBefore, excessBytes });
      if (byAge.length > 0) markLogsRemoved(transaction, byAge, removalBy('age', limits));
      if (bySize.length > 0) markLogsRemoved(transaction, bySize, removalBy('size', limits));
      excessBytes -= freedBytes;
      gone = [...byAge, ...bySize];
      for (const id of gone) transaction.touchRun(id);
      removed += gone.length;
      const belowNumber = excessBytes > 0 ? Number.POSITIVE_INFINITY : 0;
      return nextAfter(logs, (log) => log.queuedAt, { endedBefore, belowNumber });
    };
    await this.#walk(slice, () => this.#removeFiles(gone));
    return removed;
  }

  async #pruneWakeups({ wakeupDays, wakeupCount }: RetentionLimits, now: number): Promise<number> {
    const bounds = this.#bounds('wakeup', { days: wakeupDays, count: wakeupCount }, now);
    let removed = 0;
    await this.#walk((transaction, after) => {
      const wakeups = listWakeupFacts(transaction, after, sliceRows);
      const gone = spentWakeups(wakeups, bounds, now);
      if (gone.length > 0) deleteWakeups(transaction, gone);
      removed += gone.length;
      return nextAfter(wakeups, (wakeup) => wakeup.requestedAt, bounds);
    });
    return removed;
  }

  /** Those that were not used for as long as runs are kept, and those of agents that are gone. */
  async #pruneSessions({ runDays }: RetentionLimits, now: number): Promise<number> {
    const usedBefore = runDays === 0 ? null : oldestEnd(runDays, now);
    let removed = 0;
    await this.#walk((transaction, after) => {
      const gone = listSpentSessions(transaction, usedBefore, sliceRows);
      for (const key of gone) deleteSession(transaction, key);
      removed += gone.length;
      return gone.length === 0 ? null : after;
    });
    return removed;
  }

  async #pruneActivity({ activityDays, activityCount }: RetentionLimits, now: number): Promise<number> {
    const { store, audit } = this.#options;
    const keepFrom = oldestActivityToKeep(store, {
      olderThan: activityDays === 0 ? null : oldestEnd(activityDays, now),
      keepCount: activityCount === 0 ? null : activityCount,
    });
    let removed = 0;
    await this.#walk((transaction, after) => {
      const count = audit.prune(transaction, keepFrom);
      removed += count;
      return count === 0 ? null : after;
    });
    return removed;
  }

  async #pruneCounters(now: number): Promise<void> {
    const day = utcDay(now - skipDays * dayMs);
    const quarter = quarterOf(now - usageDays * dayMs);
    for (const deleteOld of [
      (transaction: StateTransaction) => deleteOldSkips(transaction, day, sliceRows),
      (transaction: StateTransaction) => deleteOldUsage(transaction, quarter, sliceRows),
    ]) {
      await this.#walk((transaction, after) => (deleteOld(transaction) < sliceRows ? null : after));
    }
  }

  #bounds(
    table: 'run' | 'wakeup',
    { days, count }: { readonly days: number; readonly count: number },
    now: number,
  ): Bounds {
    const { store } = this.#options;
    return {
      endedBefore: oldestEnd(days, now),
      belowNumber: count === 0 ? 0 : numberOfNewest(store, table, count),
    };
  }

  /** Slice by slice from the oldest on, each followed by what it entails and a turn for everybody else. */
  async #walk(slice: Slice, afterwards?: () => Promise<void>): Promise<void> {
    let after: number | null = 0;
    while (after !== null && !this.#isStopped) {
      const from: number = after;
      after = this.#options.state.commit((transaction) => slice(transaction, from));
      await afterwards?.();
      await nextTurn();
    }
  }

  async #removeFiles(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) return;
    const { store, logs, logger } = this.#options;
    await store.durable();
    for (const runId of runIds) {
      await logs.remove(runId).catch((error: unknown) => {
        logger.warn('A log could not be removed; the next sweep tries again', runId, toError(error).message);
      });
    }
  }

  async #sweepIfDue(): Promise<void> {
    const { clock, store, logs, logger } = this.#options;
    if (this.#isStopped || clock.now() - this.#sweptAt < sweepEveryMs) return;
    this.#sweptAt = clock.now();
    const swept = await sweepOrphans({
      reader: store,
      logs,
      now: clock.now(),
      logger,
      isStopped: () => this.#isStopped,
    });
    if (swept > 0) logger.info('Removed logs that no run owns', swept);
  }
}

/** Where to go on; null at the end, or when nothing further can be out of bounds. */
function nextAfter<T extends { readonly number: number }>(
  rows: readonly T[],
  madeAt: (row: T) => number,
  bounds: Bounds,
): number | null {
  const last = rows.at(-1);
  if (last === undefined || rows.length < sliceRows) return null;
  return isBeyond(
    rows.map((row) => ({ number: row.number, madeAt: madeAt(row) })),
    bounds,
  )
    ? null
    : last.number;
}
