import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { systemErrorCode, toError, UserError } from '../errors.ts';

const pieceBytes = 1024 * 1024;

/** Takes the next piece of a file; resolves when the system has it. */
export type Write = (piece: string | Uint8Array) => Promise<void>;

/**
 * Writes a file for the user so that it is there whole and durable, or not at all: beside its place first, then renamed. Only
 * the user can read it. Replaces a file of that name. Answers its size in bytes.
 * @param store no file is written into this directory
 * @throws UserError of kind `invalid` that says why it cannot be written there
 */
export async function writeOutputFile(
  target: string,
  store: string,
  produce: (write: Write) => Promise<void>,
): Promise<number> {
  await assertPlace(target, store);
  const temporary = path.join(path.dirname(target), `.${randomBytes(8).toString('hex')}.reveille.tmp`);
  try {
    const bytes = await explained(target, () => writeWhole(temporary, produce));
    await explained(target, () => putInPlace(temporary, target));
    return bytes;
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

async function assertPlace(target: string, store: string): Promise<void> {
  if (!path.isAbsolute(target)) throw new UserError('invalid', `${target} is not an absolute path.`);
  const stats = await fs.stat(target).catch(() => null);
  if (stats?.isDirectory()) throw new UserError('invalid', `${target} is a folder. Name a file.`);
  if (stats && !stats.isFile()) throw new UserError('invalid', `${target} is not an ordinary file. Name another one.`);
  const folder = await explained(target, () => fs.realpath(path.dirname(target)));
  const relative = path.relative(await fs.realpath(store), folder);
  const isOutside = relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
  if (isOutside) return;
  throw new UserError('invalid', `${target} lies in Reveille's own storage folder. Choose another place.`);
}

async function writeWhole(file: string, produce: (write: Write) => Promise<void>): Promise<number> {
  const handle = await fs.open(file, 'wx', 0o600);
  let bytes = 0;
  try {
    await produce(async (piece) => {
      const whole = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
      for (let at = 0; at < whole.length; at += pieceBytes)
        await handle.appendFile(whole.subarray(at, at + pieceBytes));
      bytes += whole.length;
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  return bytes;
}

async function putInPlace(temporary: string, target: string): Promise<void> {
  await fs.rename(temporary, target);
  // Windows has no such thing: its file system journals directory entries by itself.
  if (process.platform === 'win32') return;
  const folder = await fs.open(path.dirname(target), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What the system says about a place, in words; anything else is not about the place. */
async function explained<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof UserError || code === undefined) throw error;
    throw new UserError('invalid', `${target} cannot be written: ${reason(code, error)}`, { cause: error });
  }
}

function reason(code: string, error: unknown): string {
  switch (code) {
    case 'ENOENT':
      return 'its folder does not exist. Choose another place.';
    case 'ENOTDIR':
      return 'its folder is not a folder. Choose another place.';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'you have no right to write there. Choose another place.';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left. Free some, or choose another place.';
    default:
      return `${toError(error).message}. Choose another place.`;
  }
}
