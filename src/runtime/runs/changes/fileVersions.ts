import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, readlink, rename, rm, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import type { FileVersion } from './changedFiles.ts';

const linkMode = '120000';
const executable = 0o111;

/** What lies at a path now; `other` is anything that git would not call a file. @throws system errors */
export async function versionOf(file: string): Promise<FileVersion | 'absent' | 'folder' | 'other'> {
  const found = await statOf(file);
  if (found === null) return 'absent';
  if (found.isDirectory()) return 'folder';
  if (found.isSymbolicLink()) {
    const target = Buffer.from(await readlink(file));
    return { mode: linkMode, blob: startHash(target.length).update(target).digest('hex') };
  }
  if (!found.isFile()) return 'other';
  const hash = startHash(found.size);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return { mode: (found.mode & 0o100) === 0 ? '100644' : '100755', blob: hash.digest('hex') };
}

/** True for the same content and kind; where files cannot be marked as executable, that does not count. */
export function isSameVersion(one: FileVersion, other: FileVersion, platform = process.platform): boolean {
  return one.blob === other.blob && (one.mode === other.mode || platform === 'win32');
}

/** Null if nothing is there. */
export async function statOf(file: string): Promise<Stats | null> {
  try {
    return await lstat(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}

/** Puts a version in place in one step, with the folders that it needs. @throws system errors */
export async function putVersion(file: string, version: FileVersion, content: Buffer): Promise<void> {
  const present = await statOf(file);
  await mkdir(path.dirname(file), { recursive: true });
  const draft = path.join(path.dirname(file), `.reveille-${randomUUID()}`);
  try {
    if (version.mode === linkMode) await symlink(content.toString(), draft);
    else {
      await writeFile(draft, content, { flag: 'wx' });
      const { mode } = present?.isFile() === true ? present : await lstat(draft);
      await chmod(draft, version.mode === '100755' ? mode | (executable & (mode >> 2)) | 0o100 : mode & ~executable);
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Deletes a file, and the folders above it that are empty then, up to `root`. @throws system errors */
export async function removeVersion(file: string, root: string): Promise<void> {
  await unlink(file);
  for (let folder = path.dirname(file); folder !== root; folder = path.dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      // Not empty, or in use.
      return;
    }
  }
}

function startHash(bytes: number): ReturnType<typeof createHash> {
  return createHash('sha1').update(`blob ${String(bytes)}\0`);
}
