import { crc32 } from 'node:zlib';
import * as fs from 'node:fs';
import { open, rename } from 'node:fs/promises';
import * as path from 'node:path';

/**
 * A snapshot: the database image after all transactions up to a sequence number.
 * file = header 48 B: magic "RVSN", format u32, generation u64, sequence u64, image length u64, crc32 of the
 * image u32, crc32 of the header u32, reserved 8 B; then the image.
 */
export interface Snapshot {
  readonly generation: number;
  readonly sequence: number;
  readonly image: Uint8Array;
}

const magic = 0x4e535652;
const format = 1;
const headerBytes = 48;

/** Reads a snapshot; null when it is incomplete or damaged. */
export function readSnapshot(file: string): Snapshot | null {
  const bytes = fs.readFileSync(file);
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic) return null;
  if (bytes.readUInt32LE(36) !== crc32(bytes.subarray(0, 36))) return null;
  const image = bytes.subarray(headerBytes);
  if (image.length !== Number(bytes.readBigUInt64LE(24))) return null;
  if (bytes.readUInt32LE(32) !== crc32(image)) return null;
  return { generation: Number(bytes.readBigUInt64LE(8)), sequence: Number(bytes.readBigUInt64LE(16)), image };
}

/** Writes a snapshot so that the file either exists whole and durable, or not at all. */
export async function writeSnapshot(file: string, snapshot: Snapshot): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(encodeHeader(snapshot));
    await handle.writeFile(snapshot.image);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}

/** Makes the entries of a directory durable, where the platform has such a thing (not Windows). */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function encodeHeader(snapshot: Snapshot): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(format, 4);
  header.writeBigUInt64LE(BigInt(snapshot.generation), 8);
  header.writeBigUInt64LE(BigInt(snapshot.sequence), 16);
  header.writeBigUInt64LE(BigInt(snapshot.image.length), 24);
  header.writeUInt32LE(crc32(snapshot.image), 32);
  header.writeUInt32LE(crc32(header.subarray(0, 36)), 36);
  return header;
}
