import * as fs from 'node:fs';
import * as path from 'node:path';
import { UserError } from '../errors.ts';
import { readJournal, type JournalContents, type JournalRecord } from './journal.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

/** What a store's directory amounts to: an image, and the records to replay onto it. */
export interface Recovery {
  readonly image: Uint8Array | null;
  readonly sequence: number;
  readonly records: readonly JournalRecord[];
  /** The next journal's generation; journals are never appended to after a restart. */
  readonly nextGeneration: number;
  /** Number of journal files behind the snapshot. */
  readonly journals: number;
  /** Sentences for the log and the user about what could not be used. */
  readonly remarks: readonly string[];
}

export function snapshotPath(directory: string, generation: number): string {
  return path.join(directory, `snap-${String(generation)}.sqjs`);
}

export function journalPath(directory: string, generation: number): string {
  return path.join(directory, `wal-${String(generation)}.log`);
}

/**
 * Reads the newest whole snapshot and every journal after it. Changes nothing on the disk.
 * @throws UserError of kind `storage` when acknowledged transactions are damaged or missing
 */
export function recover(directory: string): Recovery {
  const files = listGenerations(directory);
  const remarks: string[] = [];
  const snapshot = newestSnapshot(directory, files.snapshots, remarks);
  const base = snapshot?.generation ?? 0;
  const following = files.journals.filter((generation) => generation > base);
  const records = readJournals(directory, { base, sequence: snapshot?.sequence ?? 0, following, remarks });
  return {
    image: snapshot?.image ?? null,
    sequence: records.at(-1)?.sequence ?? snapshot?.sequence ?? 0,
    records,
    nextGeneration: Math.max(0, ...files.journals, ...files.snapshots) + 1,
    journals: following.length,
    remarks,
  };
}

/** Deletes what no recovery needs: all but the two newest snapshots, and journals that the older of them contains. */
export function dropSuperseded(directory: string): void {
  const { snapshots, journals } = listGenerations(directory);
  const kept = snapshots.slice(-2);
  const oldest = kept[0];
  if (oldest === undefined || kept.length < 2) return;
  for (const generation of snapshots) {
    if (generation < oldest) fs.rmSync(snapshotPath(directory, generation), { force: true });
  }
  for (const generation of journals) {
    if (generation <= oldest) fs.rmSync(journalPath(directory, generation), { force: true });
  }
}

function newestSnapshot(directory: string, generations: readonly number[], remarks: string[]): Snapshot | null {
  for (const generation of generations.toReversed()) {
    const snapshot = readSnapshot(snapshotPath(directory, generation));
    if (snapshot) return snapshot;
    remarks.push(`Snapshot ${String(generation)} is damaged; an older one and the journals were used.`);
  }
  return null;
}

/** A journal behind the snapshot; `contents` is null when a crash in its creation left no header. */
interface FoundJournal {
  readonly generation: number;
  readonly contents: JournalContents | null;
  /** The transaction at which its successor begins; what it holds beyond that was never acknowledged. */
  readonly limit: number | null;
}

interface JournalRange {
  readonly base: number;
  readonly sequence: number;
  readonly following: readonly number[];
  readonly remarks: string[];
}

function readJournals(directory: string, range: JournalRange): JournalRecord[] {
  const journals = findJournals(directory, range.following);
  const records: JournalRecord[] = [];
  let sequence = range.sequence;
  for (const [index, journal] of journals.entries()) {
    const expected = range.base + 1 + index;
    if (journal.generation !== expected) throw damaged(directory, `journal ${String(expected)} is missing`);
    assertReadable(directory, journal, sequence);
    if (journal.contents?.end === 'torn') {
      range.remarks.push(`Journal ${String(journal.generation)} ended in an incomplete record.`);
    }
    const usable = usableRecords(directory, journal, sequence);
    records.push(...usable);
    sequence = usable.at(-1)?.sequence ?? sequence;
    if (journal.limit !== null && sequence < journal.limit) {
      throw damaged(directory, `transactions ${String(sequence + 1)} to ${String(journal.limit)} are missing`);
    }
  }
  return records;
}

function findJournals(directory: string, generations: readonly number[]): FoundJournal[] {
  const read = generations.map((generation) => ({
    generation,
    contents: readJournal(journalPath(directory, generation)),
  }));
  return read.map(({ generation, contents }, index) => {
    const successor = read.slice(index + 1).find((later) => later.contents !== null);
    return { generation, contents, limit: successor?.contents?.baseSequence ?? null };
  });
}

function assertReadable(directory: string, { generation, contents, limit }: FoundJournal, sequence: number): void {
  const name = `journal ${String(generation)}`;
  if (contents === null) {
    if (limit !== null && limit > sequence) throw damaged(directory, `${name} has no readable beginning`);
    return;
  }
  if (contents.baseSequence > sequence) throw damaged(directory, `transactions after ${String(sequence)} are missing`);
  if (contents.end === 'damaged') throw damaged(directory, `${name} is unreadable in its middle`);
}

/** The records after a transaction, each following the one before, up to where the successor begins. */
function usableRecords(directory: string, { contents, limit }: FoundJournal, after: number): JournalRecord[] {
  const usable = (contents?.records ?? []).filter(
    (record) => record.sequence > after && (limit === null || record.sequence <= limit),
  );
  for (const [index, record] of usable.entries()) {
    const expected = after + 1 + index;
    if (record.sequence !== expected) throw damaged(directory, `transaction ${String(expected)} is missing`);
  }
  return usable;
}

function damaged(directory: string, detail: string): UserError {
  return new UserError(
    'storage',
    `Reveille's state in ${directory} is damaged: ${detail}. Nothing was changed. Copy that folder to a safe place, then restore it from a backup or delete it to start with an empty state.`,
  );
}

function listGenerations(directory: string): { snapshots: number[]; journals: number[] } {
  const names = fs.readdirSync(directory);
  const generations = (pattern: RegExp): number[] =>
    names
      .map((name) => Number(pattern.exec(name)?.[1] ?? Number.NaN))
      .filter((generation) => !Number.isNaN(generation))
      .sort((a, b) => a - b);
  return { snapshots: generations(/^snap-(\d+)\.sqjs$/), journals: generations(/^wal-(\d+)\.log$/) };
}
