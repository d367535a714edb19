import { crc32 } from 'node:zlib';
import * as fs from 'node:fs';
import type { SqlValue } from './database.ts';

/**
 * The journal: committed transactions, appended as checksummed records.
 *
 * file   = header 32 B: magic "RVJN", format u32, generation u64, base sequence u64, crc32 u32, reserved u32
 * record = length u32, crc32 u32 (of sequence and payload), sequence u64, payload (UTF-8 JSON)
 *
 * The payload is a transaction: statements with their parameters, or a migration by number. A statement's
 * text is written once per file and then named by its position in the file's dictionary.
 */
export type Operation = readonly [sql: string, params: readonly SqlValue[]];
export type Transaction = { readonly migrate: number } | { readonly operations: readonly Operation[] };

export interface JournalRecord {
  readonly sequence: number;
  readonly transaction: Transaction;
}

/** What stands in a journal file, and how it ends. */
export interface JournalContents {
  readonly generation: number;
  readonly baseSequence: number;
  readonly records: readonly JournalRecord[];
  /** `torn`: the last record is incomplete, as after a crash. `damaged`: something readable follows what is not. */
  readonly end: 'clean' | 'torn' | 'damaged';
}

type EncodedOperation = [sql: string | number, ...params: SqlValue[]];

const magic = 0x4e4a5652;
const format = 1;
const headerBytes = 32;
const recordHeaderBytes = 16;
const maxRecordBytes = 64 * 1024 * 1024;

/** Writes one journal file. Bytes are in the operating system's hands when `append` returns; `sync` makes them durable. */
export class JournalWriter {
  readonly path: string;
  readonly generation: number;
  readonly #fd: number;
  readonly #dictionary = new Map<string, number>();
  #bytes = headerBytes;
  #records = 0;

  private constructor(path: string, generation: number, fd: number) {
    this.path = path;
    this.generation = generation;
    this.#fd = fd;
  }

  /** Creates the file, which must not exist, and makes its header durable. */
  static create(path: string, generation: number, baseSequence: number): JournalWriter {
    const fd = fs.openSync(path, 'wx', 0o600);
    try {
      writeFully(fd, encodeHeader(generation, baseSequence));
      fs.fdatasyncSync(fd);
    } catch (error) {
      // On a full disk the next attempt must find the name free.
      fs.closeSync(fd);
      fs.rmSync(path, { force: true });
      throw error;
    }
    return new JournalWriter(path, generation, fd);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  append(sequence: number, transaction: Transaction): void {
    const payload = Buffer.from(JSON.stringify(this.#encode(transaction)), 'utf8');
    const record = Buffer.allocUnsafe(recordHeaderBytes + payload.length);
    record.writeUInt32LE(payload.length, 0);
    record.writeBigUInt64LE(BigInt(sequence), 8);
    payload.copy(record, recordHeaderBytes);
    record.writeUInt32LE(crc32(record.subarray(8)), 4);
    writeFully(this.#fd, record);
    this.#bytes += record.length;
    this.#records += 1;
  }

  /** Resolves when everything appended before the call is on the disk. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** The same, at once: the thread waits. */
  syncNow(): void {
    fs.fdatasyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #encode(transaction: Transaction): unknown {
    if ('migrate' in transaction) return { m: transaction.migrate };
    return transaction.operations.map(([sql, params]): EncodedOperation => {
      const known = this.#dictionary.get(sql);
      if (known !== undefined) return [known, ...params];
      this.#dictionary.set(sql, this.#dictionary.size);
      return [sql, ...params];
    });
  }
}

/** Reads a whole journal; null when even its header is incomplete, as after a crash in its creation. */
export function readJournal(path: string): JournalContents | null {
  const file = fs.readFileSync(path);
  const header = decodeHeader(file);
  if (!header) return null;
  const dictionary: string[] = [];
  const records: JournalRecord[] = [];
  let offset = headerBytes;
  while (offset < file.length) {
    const raw = recordAt(file, offset);
    if (!raw) return { ...header, records, end: hasRecordAfter(file, offset) ? 'damaged' : 'torn' };
    records.push({ sequence: raw.sequence, transaction: decodePayload(raw.payload, dictionary) });
    offset = raw.end;
  }
  return { ...header, records, end: 'clean' };
}

function encodeHeader(generation: number, baseSequence: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(format, 4);
  header.writeBigUInt64LE(BigInt(generation), 8);
  header.writeBigUInt64LE(BigInt(baseSequence), 16);
  header.writeUInt32LE(crc32(header.subarray(0, 24)), 24);
  return header;
}

function decodeHeader(file: Buffer): { generation: number; baseSequence: number } | null {
  if (file.length < headerBytes || file.readUInt32LE(0) !== magic) return null;
  if (file.readUInt32LE(24) !== crc32(file.subarray(0, 24))) return null;
  return { generation: Number(file.readBigUInt64LE(8)), baseSequence: Number(file.readBigUInt64LE(16)) };
}

interface RawRecord {
  readonly sequence: number;
  readonly payload: Buffer;
  readonly end: number;
}

function recordAt(file: Buffer, offset: number): RawRecord | null {
  if (offset + recordHeaderBytes > file.length) return null;
  const length = file.readUInt32LE(offset);
  const end = offset + recordHeaderBytes + length;
  if (length === 0 || length > maxRecordBytes || end > file.length) return null;
  if (file.readUInt32LE(offset + 4) !== crc32(file.subarray(offset + 8, end))) return null;
  return {
    sequence: Number(file.readBigUInt64LE(offset + 8)),
    payload: file.subarray(offset + recordHeaderBytes, end),
    end,
  };
}

/** Whether an intact record stands anywhere behind a place that cannot be read: then that place is damage, not a torn tail. */
function hasRecordAfter(file: Buffer, offset: number): boolean {
  for (let at = offset + 1; at + recordHeaderBytes < file.length; at += 1) {
    if (recordAt(file, at)) return true;
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

/** `fs.writeSync` may write less than asked without an error. */
function writeFully(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += fs.writeSync(fd, bytes, written, bytes.length - written);
}
