import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { BackupSummary } from '../../protocol.ts';
import { systemErrorCode, toError, UserError } from '../errors.ts';
import { readImageContent } from '../store/imageContent.ts';
import { latestSchema } from '../store/migrate.ts';
import { inspectImage } from '../store/restore.ts';

/** A backup that was read and found to be whole. */
export interface Backup {
  readonly image: Uint8Array;
  readonly summary: BackupSummary;
}

/** WebAssembly memory ends at 4 GB, and restoring takes the image twice. */
const maxBytes = 1024 * 1024 * 1024;
const magic = Buffer.from('SQLite format 3\0', 'latin1');
/** Bytes 18 and 19 of a database file say how it is written: 1 with a rollback journal, 2 with a write-ahead log. */
const journalModes = { offset: 18, rollback: 1, writeAhead: 2 } as const;

/**
 * Reads a backup and checks all of it; changes nothing.
 * @throws UserError of kind `not_found`, `invalid` or `version`, each with what is wrong with the file
 */
export async function readBackup(file: string, wasmPath: string): Promise<Backup> {
  const bytes = await readWhole(file);
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw refusal(file, 'It is not an SQLite database. Choose a file that "Back Up State" has made.');
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  const image = await withoutWriteAheadLog(file, bytes);
  const { schema, problem } = await inspectImage(image, wasmPath);
  if (schema > latestSchema) {
    throw new UserError(
      'version',
      `${path.basename(file)} was made by a newer version of Reveille. Reload the window to update Reveille, then restore it. Nothing was changed.`,
    );
  }
  if (problem !== null) throw refusal(file, problem);
  const content = await readImageContent(image, wasmPath).catch((error: unknown) => {
    throw refusal(file, toError(error).message);
  });
  return { image, summary: { path: file, bytes: bytes.length, schema, ...content, digest } };
}

async function readWhole(file: string): Promise<Buffer> {
  if (!path.isAbsolute(file)) throw refusal(file, 'It is not an absolute path.');
  try {
    const stats = await fs.stat(file);
    if (!stats.isFile()) throw refusal(file, 'It is not a file.');
    if (stats.size > maxBytes) throw refusal(file, 'It is larger than 1 GB, more than a state can be.');
    return await fs.readFile(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (systemErrorCode(error) === 'ENOENT') throw new UserError('not_found', `There is no file ${file}.`);
    throw refusal(file, `It cannot be read (${toError(error).message}).`);
  }
}

/** A copy that needs no second file: other programs may have turned the file into one with a write-ahead log. */
async function withoutWriteAheadLog(file: string, bytes: Buffer): Promise<Uint8Array> {
  const { offset, rollback, writeAhead } = journalModes;
  if (bytes[offset] !== writeAhead) return bytes;
  const log = await fs.stat(`${file}-wal`).catch(() => null);
  if (log && log.size > 0) {
    throw refusal(file, 'Another program has it open, or did not close it. Close it there first.');
  }
  const copy = Buffer.from(bytes);
  copy[offset] = rollback;
  copy[offset + 1] = rollback;
  return copy;
}

function refusal(file: string, reason: string): UserError {
  return new UserError('invalid', `${path.basename(file)} cannot be restored. ${reason} Nothing was changed.`);
}
