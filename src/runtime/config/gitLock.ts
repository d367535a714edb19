import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Whether git is changing the work tree that the folder belongs to right now (it holds `index.lock`). Never throws. */
export async function isGitBusy(folder: string): Promise<boolean> {
  const gitDirectory = await findGitDirectory(folder);
  return gitDirectory !== null && (await isThere(path.join(gitDirectory, 'index.lock')));
}

/** The directory with the index of the work tree around `folder`: of a linked work tree or a submodule it is named in a file. */
async function findGitDirectory(folder: string): Promise<string | null> {
  for (let directory = folder; ; directory = path.dirname(directory)) {
    const candidate = path.join(directory, '.git');
    const found = await stat(candidate).catch(() => null);
    if (found?.isDirectory() === true) return candidate;
    if (found?.isFile() === true) return readGitFile(candidate);
    if (path.dirname(directory) === directory) return null;
  }
}

async function readGitFile(file: string): Promise<string | null> {
  const target = /^gitdir: (.+)$/m.exec(await readFile(file, 'utf8').catch(() => ''))?.[1]?.trim();
  return target === undefined ? null : path.resolve(path.dirname(file), target);
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
