import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { adapterOf } from '../../src/runtime/adapters/adapters.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Recording } from '../../src/runtime/runs/changes/changeRecorder.ts';
import { DirectStarter } from '../../src/runtime/runs/directStarter.ts';
import { Executor, type ExecutorOptions } from '../../src/runtime/runs/executor.ts';
import { ProcessTrees } from '../../src/runtime/runs/processTree.ts';
import { TestLogger } from './testLogger.ts';
import type { WakeFixture } from './wakeFixture.ts';

type Records = ExecutorOptions['records'];

const unwatched: Recording = {
  finish: () => Promise.resolve({ kind: 'unknown', gap: 'no_repository' }),
  dispose: () => undefined,
};

/** An executor that starts real programs, and the parts of it that a test asks about. */
export interface TestExecutor extends Disposable {
  readonly executor: Executor;
  readonly logger: TestLogger;
  /** Absolute; `logs` in its folder. */
  readonly logs: string;
}

/**
 * Composes an executor in a folder: no git, nobody asks, no secrets, and the records that are not given go nowhere. Dispose it before
 * the folder.
 */
export function openExecutor(
  folder: string,
  { records, ...different }: Omit<Partial<ExecutorOptions>, 'records'> & { readonly records: Partial<Records> },
): TestExecutor {
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const logger = new TestLogger();
  const trees = new ProcessTrees({ clock: systemClock, logger });
  const executor = new Executor({
    adapterOf,
    trees,
    secrets: { valuesOf: () => ({}), presentOf: () => ({}), known: () => [], isUsed: false },
    isAttended: () => true,
    starter: new DirectStarter(systemClock),
    changes: { begin: () => Promise.resolve(unwatched) },
    clock: systemClock,
    logger,
    logsDirectory: logs,
    maxLogBytes: () => 1_000_000,
    workspaceFolder: folder,
    baseEnvironment: { PATH: process.env['PATH'] ?? '' },
    onDidGrowLog: () => undefined,
    ...different,
    records: { ...nowhere, ...records },
  });
  const dispose = (): void => {
    trees.dispose();
  };
  return { executor, logger, logs, [Symbol.dispose]: dispose };
}

const nowhere: Records = {
  noteProcess: () => undefined,
  noteSession: () => undefined,
  settle: () => undefined,
  durable: () => Promise.resolve(),
  noteUsage: () => undefined,
  noteProgress: () => undefined,
  noteStall: () => undefined,
  ask: () => null,
  stopWaiting: () => undefined,
  noteUndelivered: () => undefined,
};

/** Records in the queue of a fixture, by its clock. */
export function recordsOf({ queue, store, clock }: WakeFixture): Partial<Records> {
  return {
    noteProcess: (runId, identity) => {
      queue.noteProcess(runId, identity);
    },
    noteSession: (runId, sessionId) => {
      queue.noteSession(runId, sessionId);
    },
    settle: (runId, settlement, isDelivered) => {
      queue.settle(runId, { ...settlement, finishedAt: clock.now() }, isDelivered);
    },
    durable: () => store.durable(),
  };
}
