import { toError } from '../errors.ts';
import { Database } from './database.ts';
import type { Disk } from './disk.ts';
import { writtenByNewer } from './fileHeader.ts';
import type { JournalRecord, Transaction } from './journalFormat.ts';
import { dropOldImages } from './keptImages.ts';
import { applyMigration, schemaOf } from './migrate.ts';
import { migrations } from './migrations.ts';
import { DamagedStateError, recover, type Damage, type Recovery } from './recovery.ts';
import { writeSnapshot } from './snapshot.ts';
import { dropTemporaries, setAside, snapshotPath } from './storeFiles.ts';

/** A database that holds what was on the disk. */
export interface OpenedState {
  readonly database: Database;
  readonly sequence: number;
  readonly nextGeneration: number;
  /** Journals behind the newest snapshot. */
  readonly journals: number;
  readonly remarks: readonly string[];
}

export interface OpenStateOptions {
  readonly directory: string;
  readonly wasmPath: string;
  readonly disk: Disk;
  /** Epoch ms. */
  readonly now: number;
  readonly continueAfter?: number | undefined;
  /** Default: those of this build. */
  readonly migrations?: readonly string[] | undefined;
}

/**
 * Builds the state from the files of a store that this process owns. The disk is changed only once everything was read
 * and understood: what is damaged is set aside, what a crash left unflushed is flushed.
 * @throws DamagedStateError unless `continueAfter` names its last transaction; UserError of kind `version`
 */
export async function openState(options: OpenStateOptions): Promise<OpenedState> {
  const { disk, directory, wasmPath } = options;
  const { length: latestSchema } = options.migrations ?? migrations;
  const recovery = recover(disk, directory);
  const needsNewer = (step: Transaction): boolean => 'migrate' in step && step.migrate > latestSchema;
  if (recovery.records.some(({ transaction }) => needsNewer(transaction))) throw writtenByNewer();
  const database = await Database.open(recovery.snapshot?.image ?? null, wasmPath);
  try {
    if (schemaOf(database) > latestSchema) throw writtenByNewer();
    const damage = replayAll(database, recovery) ?? recovery.damage;
    if (schemaOf(database) > latestSchema) throw writtenByNewer();
    if (damage && damage.lastSequence !== options.continueAfter) throw new DamagedStateError(directory, damage);
    return await settle(database, { options, recovery, damage });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Applies one transaction of a journal. */
function replay(database: Database, transaction: Transaction): void {
  if ('migrate' in transaction) {
    applyMigration(database, transaction.migrate);
    return;
  }
  database.execute('BEGIN');
  try {
    for (const [sql, params] of transaction.operations) database.run(sql, params);
    database.execute('COMMIT');
  } catch (error) {
    database.execute('ROLLBACK');
    throw error;
  }
}

/** Stops before a transaction that cannot be repeated; that is damage too, whatever its cause. */
function replayAll(database: Database, { records, journals, snapshot }: Recovery): Damage | null {
  let last: JournalRecord | null = null;
  for (const record of records) {
    try {
      replay(database, record.transaction);
    } catch (error) {
      return {
        lastSequence: last?.sequence ?? snapshot?.sequence ?? 0,
        lastAt: last?.writtenAt ?? snapshot?.writtenAt ?? null,
        detail: `transaction ${String(record.sequence)} cannot be repeated (${toError(error).message})`,
        files: journals,
      };
    }
    last = record;
  }
  return null;
}

interface Settling {
  readonly options: OpenStateOptions;
  readonly recovery: Recovery;
  readonly damage: Damage | null;
}

async function settle(database: Database, { options, recovery, damage }: Settling): Promise<OpenedState> {
  const { disk, directory, now } = options;
  const { damagedSnapshots, journals } = recovery;
  const remarks = [...recovery.remarks];
  let { sequence, nextGeneration } = recovery;
  // What was read may be in the page cache only; what is written from now on builds on it. Earlier journals were durable
  // before the last one was begun.
  for (const journal of journals.slice(-1)) disk.syncFile(journal);
  await disk.syncDirectory(directory);
  const files = [...damagedSnapshots, ...(damage?.files ?? [])];
  const place = await setAside(disk, directory, { files, reason: 'damaged', at: now });
  if (damage) {
    // Durable before anything is removed: a crash in between must find the damage again.
    sequence = damage.lastSequence;
    const snapshot = { generation: nextGeneration, sequence, writtenAt: now, image: database.export() };
    await writeSnapshot(disk, snapshotPath(directory, nextGeneration), snapshot);
    nextGeneration += 1;
  }
  for (const file of files) disk.remove(file);
  if (damage && place !== null) remarks.push(`What could not be read (${damage.detail}) is kept in ${place}.`);
  dropTemporaries(disk, directory);
  dropOldImages(disk, directory, now);
  return { database, sequence, nextGeneration, journals: damage ? 0 : journals.length, remarks };
}
