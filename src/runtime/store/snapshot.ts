import * as path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Disk } from './disk.ts';
import { decodeHeader, encodeHeader, headerBytes, makeSalt, seedOf } from './fileHeader.ts';

/** The database image after all transactions up to a sequence number; on disk a header and the image. */
export interface Snapshot {
  readonly generation: number;
  readonly sequence: number;
  /** Epoch ms. */
  readonly writtenAt: number;
  readonly image: Uint8Array;
}

const pieceBytes = 4 * 1024 * 1024;

/** Reads a snapshot's file; null when it is incomplete or damaged. @throws UserError of kind `version` */
export function decodeSnapshot(file: Buffer): Snapshot | null {
  const header = decodeHeader(file, 'snapshot');
  if (!header) return null;
  const image = file.subarray(headerBytes);
  if (image.length !== header.length || crc32(image, seedOf(header.salt)) !== header.contentCrc) return null;
  const { generation, sequence, writtenAt } = header;
  return { generation, sequence, writtenAt, image };
}

/**
 * Writes a snapshot so that the file either exists whole and durable, or not at all. It is read again before it gets its
 * name: what it makes needless is deleted afterwards. Throws system errors.
 */
export async function writeSnapshot(disk: Disk, target: string, snapshot: Snapshot): Promise<void> {
  const temporary = `${target}.tmp`;
  disk.remove(temporary);
  try {
    await writeChecked(disk, temporary, snapshot);
    disk.rename(temporary, target);
  } catch (error) {
    // On a full disk it would take what the journal needs.
    disk.remove(temporary);
    throw error;
  }
  await disk.syncDirectory(path.dirname(target));
}

async function writeChecked(disk: Disk, target: string, snapshot: Snapshot): Promise<void> {
  const { image, ...rest } = snapshot;
  const salt = makeSalt();
  const contentCrc = crc32(image, seedOf(salt));
  const header = encodeHeader({ kind: 'snapshot', ...rest, length: image.length, contentCrc, salt });
  const file = disk.create(target);
  try {
    await file.writeLater(header, 0);
    await file.writeLater(image, headerBytes);
    await file.sync();
    let crc = seedOf(salt);
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, image.length));
    for (let at = 0; at < image.length;) {
      const count = await file.readLater(piece, headerBytes + at);
      if (count === 0) break;
      crc = crc32(piece.subarray(0, count), crc);
      at += count;
    }
    if (crc !== contentCrc) throw new Error(`What was written to ${target} reads differently.`);
  } finally {
    file.close();
  }
}
