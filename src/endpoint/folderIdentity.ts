import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { UserError } from '../runtime/errors.ts';

/** A workspace folder, told from all others of this machine whatever way somebody got to it. */
export interface FolderIdentity {
  /** 32 hex digits; the name of its entry in the registry. */
  readonly id: string;
  /** Its real path. */
  readonly path: string;
}

/**
 * Identifies a folder by its real path, ignoring case in those parts of it where the file system does.
 * @throws UserError of kind `not_found` if it does not exist or is no folder.
 */
export async function identifyFolder(path: string): Promise<FolderIdentity> {
  const real = normalizePath(await realFolder(path), process.platform);
  const key = folderKey(real, process.platform, await caseInsensitiveParts(real));
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 32), path: real };
}

/** One spelling for a path: on Windows a capital drive letter, no `\\?\` prefix, backslashes; no separator at its end. */
export function normalizePath(path: string, platform: NodeJS.Platform): string {
  if (platform !== 'win32') return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
  const plain = path
    .replaceAll('/', '\\')
    .replace(/^\\\\\?\\UNC\\/i, '\\\\')
    .replace(/^\\\\\?\\/, '');
  const capital = plain.replace(/^[a-z]:/, (drive) => drive.toUpperCase());
  const trimmed = capital.replace(/\\+$/, '');
  return /^[A-Z]:$/.test(trimmed) ? `${trimmed}\\` : trimmed;
}

/**
 * The text whose hash identifies a folder. `isInsensitive[i]` says whether the file system ignores case in the i-th
 * part of the path below its root; roots (drive letters, `\\server\share`) never distinguish case.
 */
export function folderKey(path: string, platform: NodeJS.Platform, isInsensitive: readonly boolean[]): string {
  const { root, parts } = splitPath(path, platform);
  const folded = parts.map((part, index) => (isInsensitive[index] === true ? part.toLowerCase() : part));
  const key = [root.toLowerCase(), ...folded].join('\n');
  return platform === 'darwin' ? key.normalize('NFC') : key;
}

async function realFolder(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    throw new UserError('not_found', `The folder ${path} does not exist or cannot be read.`, { cause: error });
  }
  throw new UserError('not_found', `${path} is not a folder. Name a folder.`);
}

function splitPath(path: string, platform: NodeJS.Platform): { root: string; parts: string[] } {
  const { root } = (platform === 'win32' ? win32 : posix).parse(path);
  const separator = platform === 'win32' ? '\\' : '/';
  return {
    root,
    parts: path
      .slice(root.length)
      .split(separator)
      .filter((part) => part !== ''),
  };
}

async function caseInsensitiveParts(real: string): Promise<boolean[]> {
  const { root, parts } = splitPath(real, process.platform);
  const separator = process.platform === 'win32' ? '\\' : '/';
  return Promise.all(
    parts.map((part, index) => {
      const parent =
        root +
        parts
          .slice(0, index)
          .map((name) => name + separator)
          .join('');
      return isSameFile(parent + part, parent + swapCase(part));
    }),
  );
}

async function isSameFile(path: string, swapped: string): Promise<boolean> {
  if (path === swapped) return false;
  try {
    const [one, other] = await Promise.all([stat(path, { bigint: true }), stat(swapped, { bigint: true })]);
    return one.ino === other.ino && one.dev === other.dev;
  } catch {
    // The other spelling leads nowhere: case matters here.
    return false;
  }
}

function swapCase(text: string): string {
  const upper = text.toUpperCase();
  return upper === text ? text.toLowerCase() : upper;
}
