import * as path from 'node:path';
import { UserError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { decodeJournal, holdsRecords, type JournalContents, type JournalRecord } from './journalFormat.ts';
import { decodeSnapshot, type Snapshot } from './snapshot.ts';
import { journalPath, listGenerations, snapshotPath } from './storeFiles.ts';

/** What a store's directory amounts to: a snapshot, and the records to replay onto it. */
export interface Recovery {
  readonly snapshot: Snapshot | null;
  /** Each following the one before, the first one the snapshot. */
  readonly records: readonly JournalRecord[];
  /** The last transaction that can be had. */
  readonly sequence: number;
  /** Higher than that of any file; journals are never appended to after a restart. */
  readonly nextGeneration: number;
  /** Paths of the journals behind the snapshot. */
  readonly journals: readonly string[];
  /** Paths of snapshots that cannot be read. */
  readonly damagedSnapshots: readonly string[];
  /** Sentences for a person about damage that lost nothing. */
  readonly remarks: readonly string[];
  /** What was acknowledged and cannot be had; null if nothing is missing. */
  readonly damage: Damage | null;
}

/** Acknowledged transactions that cannot be read. */
export interface Damage {
  /** The last transaction before the damage; 0 if nothing is left. */
  readonly lastSequence: number;
  /** When that was, epoch ms; null if nothing is left. */
  readonly lastAt: number | null;
  readonly detail: string;
  /** Paths of the files that hold what follows. */
  readonly files: readonly string[];
}

/** The state cannot be had whole: whoever opens the store has to choose. */
export class DamagedStateError extends UserError {
  readonly damage: Damage;

  constructor(directory: string, damage: Damage) {
    super(
      'damaged',
      `The state of this folder in ${directory} is damaged: ${damage.detail}. Nothing was changed. You can restore a backup, or continue with ${describeRest(damage)}; the damaged files are kept.`,
    );
    this.damage = damage;
  }
}

function describeRest({ lastAt }: Damage): string {
  return lastAt === null ? 'an empty state' : `the state as it was at ${new Date(lastAt).toISOString()}`;
}

/**
 * Reads the newest whole snapshot and every journal after it. Changes nothing on the disk.
 * @throws UserError of kind `version` if a newer Reveille wrote any of it; system errors
 */
export function recover(disk: Disk, directory: string): Recovery {
  const { snapshots, journals } = listGenerations(disk, directory);
  const { snapshot, damaged } = newestSnapshot(disk, directory, snapshots);
  const damagedSnapshots = damaged.map((generation) => snapshotPath(directory, generation));
  const base = snapshot?.generation ?? 0;
  const found = findJournals(
    disk,
    directory,
    journals.filter((generation) => generation > base),
  );
  const remarks = damagedSnapshots.map(
    (file) => `${path.basename(file)} is damaged and was set aside; an older snapshot and the journals were used.`,
  );
  const reading = readJournals(found, { base, sequence: snapshot?.sequence ?? 0 });
  const damage = reading.damage ?? missedSnapshots(damaged, base, found);
  return {
    snapshot,
    records: reading.records,
    sequence: reading.sequence,
    nextGeneration: Math.max(0, ...journals, ...snapshots) + 1,
    journals: found.map(({ file }) => file),
    damagedSnapshots,
    remarks,
    damage: damage && { ...damage, lastSequence: reading.sequence, lastAt: lastTime(snapshot, reading.records) },
  };
}

function newestSnapshot(
  disk: Disk,
  directory: string,
  generations: readonly number[],
): { snapshot: Snapshot | null; damaged: number[] } {
  const damaged: number[] = [];
  for (const generation of generations.toReversed()) {
    const snapshot = decodeSnapshot(disk.read(snapshotPath(directory, generation)));
    if (snapshot) return { snapshot, damaged };
    damaged.push(generation);
  }
  return { snapshot: null, damaged };
}

/** A journal behind the snapshot; `contents` is null when its header is unreadable. */
interface FoundJournal {
  readonly generation: number;
  readonly file: string;
  readonly contents: JournalContents | null;
  /** False: a crash in its creation left no more of it. */
  readonly holdsRecords: boolean;
  /** The transaction at which its successor begins; what it holds beyond that was never acknowledged. */
  readonly limit: number | null;
}

function findJournals(disk: Disk, directory: string, generations: readonly number[]): FoundJournal[] {
  const read = generations.map((generation) => {
    const file = journalPath(directory, generation);
    const bytes = disk.read(file);
    return { generation, file, contents: decodeJournal(bytes), holdsRecords: holdsRecords(bytes) };
  });
  return read.map((journal, index) => {
    const successor = read.slice(index + 1).find((later) => later.contents !== null);
    return { ...journal, limit: successor?.contents?.baseSequence ?? null };
  });
}

type Fault = Pick<Damage, 'detail' | 'files'>;

interface Reading {
  readonly records: readonly JournalRecord[];
  readonly sequence: number;
  readonly damage: Fault | null;
}

/** Takes records in order up to the first thing that was acknowledged and cannot be had. */
function readJournals(
  journals: readonly FoundJournal[],
  start: { readonly base: number; readonly sequence: number },
): Reading {
  const records: JournalRecord[] = [];
  let sequence = start.sequence;
  for (const [index, journal] of journals.entries()) {
    const expected = start.base + 1 + index;
    const gap = journal.generation === expected ? null : `journal ${String(expected)} is missing`;
    const usable = gap === null ? usableRecords(journal, sequence) : [];
    records.push(...usable);
    sequence = usable.at(-1)?.sequence ?? sequence;
    const detail = gap ?? faultOf(journal, sequence);
    if (detail !== null) {
      return { records, sequence, damage: { detail, files: journals.slice(index).map(({ file }) => file) } };
    }
  }
  return { records, sequence, damage: null };
}

/** The records after a transaction, each following the one before, up to where the successor begins. */
function usableRecords({ contents, limit }: FoundJournal, after: number): JournalRecord[] {
  if (contents === null || contents.baseSequence > after) return [];
  const usable: JournalRecord[] = [];
  for (const record of contents.records) {
    if (record.sequence <= after) continue;
    if (record.sequence !== after + usable.length + 1 || (limit !== null && record.sequence > limit)) break;
    usable.push(record);
  }
  return usable;
}

/** What is wrong with a journal whose records were used up to `sequence`; null if nothing is. */
function faultOf(journal: FoundJournal, sequence: number): string | null {
  const { generation, contents, limit } = journal;
  const name = `journal ${String(generation)}`;
  if (contents === null) {
    const isNeeded = limit === null ? journal.holdsRecords : limit > sequence;
    return isNeeded ? `${name} has no readable beginning` : null;
  }
  if (contents.baseSequence > sequence) return `what was done before ${name} is missing`;
  if (limit !== null) {
    return sequence < limit ? `transactions ${String(sequence + 1)} to ${String(limit)} are missing` : null;
  }
  if (contents.end === 'damaged') return `${name} is unreadable in its middle`;
  return (contents.records.at(-1)?.sequence ?? sequence) > sequence ? `${name} has a gap` : null;
}

/** A snapshot that cannot be read is no loss if the journals reach as far as it did. */
function missedSnapshots(damaged: readonly number[], base: number, found: readonly FoundJournal[]): Fault | null {
  const reached = found.findLast(({ contents }) => contents !== null)?.generation ?? base;
  if (Math.max(0, ...damaged) <= reached) return null;
  return { detail: 'a snapshot cannot be read, nor what it was made of', files: found.map(({ file }) => file) };
}

function lastTime(snapshot: Snapshot | null, records: readonly JournalRecord[]): number | null {
  return records.at(-1)?.writtenAt ?? snapshot?.writtenAt ?? null;
}
