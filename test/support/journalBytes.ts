import { crc32 } from 'node:zlib';
import { headerBytes, seedOf } from '../../src/runtime/store/fileHeader.ts';
import { recordHeaderBytes } from '../../src/runtime/store/journalFormat.ts';

/** Where a record lies in the bytes of a journal. */
export interface RecordPlace {
  readonly start: number;
  readonly end: number;
  /** How much of the file it says was on the disk when it was written. */
  readonly durableOffset: number;
  readonly isSeal: boolean;
}

/** The whole records of a journal, up to the first that is not. */
export function recordPlaces(journal: Buffer): RecordPlace[] {
  const seed = seedOf(journal.subarray(48, 64));
  const places: RecordPlace[] = [];
  for (let start = headerBytes; start + recordHeaderBytes <= journal.length;) {
    const length = journal.readUInt32LE(start);
    const end = start + recordHeaderBytes + length;
    if (length === 0 || end > journal.length) break;
    if (journal.readUInt32LE(start + 4) !== crc32(journal.subarray(start + 8, end), seed)) break;
    const isSeal = journal.toString('utf8', start + recordHeaderBytes, end) === 'null';
    places.push({ start, end, durableOffset: journal.readUInt32LE(start + 8), isSeal });
    start = end;
  }
  return places;
}

/** How much of a journal its own records prove to have been on the disk. */
export function provenBytes(journal: Buffer): number {
  return Math.max(headerBytes, ...recordPlaces(journal).map(({ durableOffset }) => durableOffset));
}
