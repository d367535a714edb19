import { statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../errors.ts';
import { lastCharacterEnd } from './utf8.ts';

/** A piece of a log as text. */
export interface LogPiece {
  readonly text: string;
  /** Where to go on reading, in bytes. */
  readonly nextOffset: number;
  /** Bytes in the file when it was read. */
  readonly size: number;
}

/**
 * Reads up to `maxBytes` (at least 4) of a log from a byte offset and cuts at a character's border. Bytes that are no
 * UTF-8 become U+FFFD. A character that is only half written at the end of the file waits for its rest, unless
 * `isSettled` says that none will come. A missing file reads as empty: its run never started, or it was deleted.
 */
export async function readLog(path: string, offset: number, maxBytes: number, isSettled = false): Promise<LogPiece> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { text: '', nextOffset: offset, size: 0 };
    throw error;
  }
  try {
    const { size } = await file.stat();
    const bytes = await readFully(file, offset, Math.max(0, Math.min(maxBytes, size - offset)));
    const isEnd = offset + bytes.length >= size;
    const end = isSettled && isEnd ? bytes.length : lastCharacterEnd(bytes);
    return { text: bytes.toString('utf8', 0, end), nextOffset: offset + end, size };
  } finally {
    await file.close();
  }
}

/** Bytes in a log right now; 0 if there is none. */
export function logSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function readFully(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
