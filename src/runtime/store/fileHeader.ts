import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { UserError } from '../errors.ts';

/**
 * What journals and snapshots begin with, 96 bytes, little endian:
 *
 *     0 magic u32 | 4 format u32 | 8 generation u64 | 16 sequence u64 | 24 written at u64 (epoch ms) | 32 length u64
 *     40 crc32 of the content u32 | 44 zero u32 | 48 salt 16 B | 64 key id 8 B | 72 crc32 of bytes 0 to 71 u32 | 76 zero
 *
 * Length and content checksum are of a snapshot's image; journals have 0. Content checksums are seeded with the salt, so
 * that bytes of another file do not fit. The key id is for encryption; this version writes and reads only zeros.
 * Every later format keeps the first checksum in its place, so that damage is told from a newer version.
 */
export interface FileHeader {
  readonly kind: FileKind;
  readonly generation: number;
  /** Of a snapshot: the last transaction in it. Of a journal: the one before its first. */
  readonly sequence: number;
  /** Epoch ms. */
  readonly writtenAt: number;
  readonly length: number;
  readonly contentCrc: number;
  readonly salt: Buffer;
}

export type FileKind = 'journal' | 'snapshot';

export const headerBytes = 96;
const magics = { journal: 0x4e4a5652, snapshot: 0x4e535652 } as const;
const format = 2;
const checkedBytes = 72;

export function makeSalt(): Buffer {
  return randomBytes(16);
}

/** The seed of all content checksums of a file. */
export function seedOf(salt: Buffer): number {
  return crc32(salt);
}

export function encodeHeader(header: FileHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt32LE(magics[header.kind], 0);
  bytes.writeUInt32LE(format, 4);
  bytes.writeBigUInt64LE(BigInt(header.generation), 8);
  bytes.writeBigUInt64LE(BigInt(header.sequence), 16);
  bytes.writeBigUInt64LE(BigInt(header.writtenAt), 24);
  bytes.writeBigUInt64LE(BigInt(header.length), 32);
  bytes.writeUInt32LE(header.contentCrc, 40);
  header.salt.copy(bytes, 48);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, checkedBytes)), checkedBytes);
  return bytes;
}

/**
 * Reads the header at the beginning of a file; null if it is incomplete or damaged.
 * @throws UserError of kind `version` if a newer Reveille wrote it, or encrypted it
 */
export function decodeHeader(file: Buffer, kind: FileKind): FileHeader | null {
  if (file.length < headerBytes || file.readUInt32LE(0) !== magics[kind]) return null;
  if (file.readUInt32LE(checkedBytes) !== crc32(file.subarray(0, checkedBytes))) return null;
  if (file.readUInt32LE(4) !== format || file.subarray(64, 72).some((byte) => byte !== 0)) throw writtenByNewer();
  return {
    kind,
    generation: Number(file.readBigUInt64LE(8)),
    sequence: Number(file.readBigUInt64LE(16)),
    writtenAt: Number(file.readBigUInt64LE(24)),
    length: Number(file.readBigUInt64LE(32)),
    contentCrc: file.readUInt32LE(40),
    salt: Buffer.from(file.subarray(48, 64)),
  };
}

/** The refusal of what a newer version wrote. */
export function writtenByNewer(): UserError {
  return new UserError(
    'version',
    'The state of this folder was written by a newer version of Reveille. Update the extension (Reload Window to update); nothing was changed.',
  );
}
