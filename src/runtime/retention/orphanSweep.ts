import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { highestDeletedId } from '../store/deletedMark.ts';
import { findLogOwners } from '../store/retentionTable.ts';
import type { Reader } from '../store/store.ts';

/** The files of run logs. */
export interface RunLogs {
  remove(runId: string): Promise<void>;
  /** The runs that have files, in no order; one may come twice. */
  runIds(): AsyncIterable<string>;
  /** Epoch ms; null if there are no files. */
  lastWrittenAt(runId: string): Promise<number | null>;
}

/** Younger files are left alone, in milliseconds. */
const minAgeMs = 60 * 60_000;
const batch = 500;

/** What is known of a log file whose run was looked up. */
export interface LogFileFacts {
  readonly runId: string;
  readonly owner: 'kept' | 'removed' | undefined;
  /** Epoch ms; null if it has gone meanwhile. */
  readonly writtenAt: number | null;
}

/**
 * Whether a log file is a left-over. Without a row it is one only up to the highest id that was ever deleted: after an older state
 * was restored there are logs of runs that it never knew, and those may be wanted again.
 */
export function isOrphan(
  { runId, owner, writtenAt }: LogFileFacts,
  known: { highestDeleted: string; now: number },
): boolean {
  if (owner === 'kept' || writtenAt === null || known.now - writtenAt < minAgeMs) return false;
  return owner === 'removed' || runId <= known.highestDeleted;
}

/** Removes log files that a crash left over; answers of how many runs. */
export async function sweepOrphans(options: {
  readonly reader: Reader;
  readonly logs: RunLogs;
  readonly now: number;
  readonly logger: Logger;
  readonly isStopped: () => boolean;
}): Promise<number> {
  const { logs, isStopped } = options;
  let swept = 0;
  let runIds = new Set<string>();
  for await (const runId of logs.runIds()) {
    if (isStopped()) return swept;
    runIds.add(runId);
    if (runIds.size < batch) continue;
    swept += await sweepBatch(options, [...runIds]);
    runIds = new Set();
  }
  return swept + (await sweepBatch(options, [...runIds]));
}

async function sweepBatch(
  { reader, logs, now, logger }: Parameters<typeof sweepOrphans>[0],
  runIds: readonly string[],
): Promise<number> {
  const owners = findLogOwners(reader, runIds);
  const highestDeleted = highestDeletedId(reader, 'run');
  let swept = 0;
  for (const runId of runIds) {
    const owner = owners.get(runId);
    if (owner === 'kept') continue;
    try {
      if (!isOrphan({ runId, owner, writtenAt: await logs.lastWrittenAt(runId) }, { highestDeleted, now })) continue;
      await logs.remove(runId);
      swept += 1;
    } catch (error) {
      logger.warn('A log that no run owns could not be removed', runId, toError(error).message);
    }
  }
  return swept;
}
