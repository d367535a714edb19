import { crc32 } from 'node:zlib';
import type { SqlValue } from './database.ts';
import { decodeHeader, headerBytes, seedOf } from './fileHeader.ts';

/**
 * The journal: committed transactions, appended as checksummed records.
 *
 * file   = header, records, zeros (space taken in advance)
 * record = length u32 | crc32 of all that follows, seeded | durable offset u32 | sequence u48 | written at u48 | payload
 *
 * The payload is UTF-8 JSON: a transaction (statements with their parameters, or a migration by number), or `null` for a
 * seal, which carries the sequence of the transaction before it. A statement's text is written once per file and then named
 * by its position in the file's dictionary.
 *
 * The durable offset is how much of the file was known to be on the disk when the record was written. It tells a torn
 * tail, which nobody was told of, from damage to what was acknowledged; a seal says it of the last transactions.
 */
export type Operation = readonly [sql: string, params: readonly SqlValue[]];
export type Transaction = { readonly migrate: number } | { readonly operations: readonly Operation[] };

export interface JournalRecord {
  readonly sequence: number;
  /** Epoch ms. */
  readonly writtenAt: number;
  readonly transaction: Transaction;
}

/** What stands in a journal file, and how it ends. */
export interface JournalContents {
  readonly generation: number;
  readonly baseSequence: number;
  readonly records: readonly JournalRecord[];
  /** `torn`: what follows the records was never acknowledged. `damaged`: something acknowledged is unreadable. */
  readonly end: 'clean' | 'torn' | 'damaged';
}

/** One operation as it is written: its text or number, then its parameters. */
export type EncodedOperation = [sql: string | number, ...params: SqlValue[]];

export const recordHeaderBytes = 24;
const maxRecordBytes = 64 * 1024 * 1024;
const sealPayload = Buffer.from('null', 'utf8');
/** No record behind an unreadable place can be further ahead than this. */
const maxSequenceGap = 10_000_000;

export interface RecordHead {
  readonly sequence: number;
  readonly writtenAt: number;
  readonly durableOffset: number;
}

/** A record's bytes. @throws RangeError if the payload is too long to be read again */
export function encodeRecord(head: RecordHead, payload: Buffer, seed: number): Buffer {
  if (payload.length > maxRecordBytes) throw new RangeError('A transaction is too large for the journal.');
  const record = Buffer.allocUnsafe(recordHeaderBytes + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(head.durableOffset, 8);
  record.writeUIntLE(head.sequence, 12, 6);
  record.writeUIntLE(head.writtenAt, 18, 6);
  payload.copy(record, recordHeaderBytes);
  record.writeUInt32LE(crc32(record.subarray(8), seed), 4);
  return record;
}

/**
 * Reads a whole journal; null when even its header is unreadable, as after a crash in its creation.
 * @throws UserError of kind `version`; Error if a record that is whole makes no sense
 */
export function decodeJournal(file: Buffer): JournalContents | null {
  const header = decodeHeader(file, 'journal');
  if (!header) return null;
  const { generation, sequence: baseSequence } = header;
  const seed = seedOf(header.salt);
  const dictionary: string[] = [];
  const records: JournalRecord[] = [];
  let offset = headerBytes;
  let last = baseSequence;
  for (;;) {
    const raw = recordAt(file, offset, seed);
    if (!raw) break;
    const isSeal = raw.payload.equals(sealPayload);
    // A record that does not follow the one before was put there by something else, and its statements are not to be trusted.
    if (raw.sequence !== (isSeal ? last : last + 1)) break;
    if (!isSeal) {
      const transaction = decodePayload(raw.payload, dictionary);
      records.push({ sequence: raw.sequence, writtenAt: raw.writtenAt, transaction });
    }
    last = raw.sequence;
    offset = raw.end;
  }
  return { generation, baseSequence, records, end: judgeEnd(file, { offset, last, seed }) };
}

/** Whether anything was ever appended; answers that of a file with a damaged header too. */
export function holdsRecords(file: Buffer): boolean {
  const rest = file.subarray(headerBytes);
  return !rest.equals(Buffer.alloc(rest.length));
}

interface RawRecord extends RecordHead {
  readonly payload: Buffer;
  readonly end: number;
}

function recordAt(file: Buffer, offset: number, seed: number): RawRecord | null {
  if (offset + recordHeaderBytes > file.length) return null;
  const length = file.readUInt32LE(offset);
  const end = offset + recordHeaderBytes + length;
  if (length === 0 || length > maxRecordBytes || end > file.length) return null;
  if (file.readUInt32LE(offset + 4) !== crc32(file.subarray(offset + 8, end), seed)) return null;
  return {
    durableOffset: file.readUInt32LE(offset + 8),
    sequence: file.readUIntLE(offset + 12, 6),
    writtenAt: file.readUIntLE(offset + 18, 6),
    payload: file.subarray(offset + recordHeaderBytes, end),
    end,
  };
}

interface EndOfRecords {
  readonly offset: number;
  readonly last: number;
  readonly seed: number;
}

function judgeEnd(file: Buffer, end: EndOfRecords): JournalContents['end'] {
  const rest = file.subarray(end.offset);
  if (rest.equals(Buffer.alloc(rest.length))) return 'clean';
  return provesDurable(file, end) ? 'damaged' : 'torn';
}

/** Whether a whole record at or behind a place that makes no sense says that the place was on the disk. */
function provesDurable(file: Buffer, { offset, last, seed }: EndOfRecords): boolean {
  for (let at = offset; at + recordHeaderBytes <= file.length; at += 1) {
    if (file.readUInt32LE(at + 8) <= offset) continue;
    const sequence = file.readUIntLE(at + 12, 6);
    if (sequence < last || sequence > last + maxSequenceGap) continue;
    if (recordAt(file, at, seed)) return true;
  }
  return false;
}

function decodePayload(payload: Buffer, dictionary: string[]): Transaction {
  const decoded = JSON.parse(payload.toString('utf8')) as { m: number } | EncodedOperation[];
  if (!Array.isArray(decoded)) return { migrate: decoded.m };
  const operations = decoded.map(([sql, ...params]): Operation => {
    if (typeof sql === 'string') dictionary.push(sql);
    const text = typeof sql === 'string' ? sql : dictionary[sql];
    if (text === undefined) throw new Error('A journal record names a statement that its file does not have.');
    return [text, params];
  });
  return { operations };
}
