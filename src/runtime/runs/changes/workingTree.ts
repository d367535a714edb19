import { readFile, realpath, stat } from 'node:fs/promises';
import * as path from 'node:path';

/** Where changes are looked for, found without asking git: the configuration of a repository is not read at all. */
export interface WorkingTree {
  /** Real path of the folder with `.git` in it. */
  readonly root: string;
  /** The part of it that is looked at, relative to `root` with forward slashes; '' = all. */
  readonly scope: string;
  /** The repository's objects; null where they cannot be shared with ours. */
  readonly objects: string | null;
  readonly index: string;
  /** The repository's own list of what is ignored. */
  readonly exclude: string;
}

/**
 * The working tree of a run: the repository of its directory, or the workspace folder if that is only a part of it.
 * Null if there is none. @throws system errors
 */
export async function findWorkingTree(cwd: string, workspaceFolder: string): Promise<WorkingTree | null> {
  const start = await realpath(cwd);
  const folder = await realpath(workspaceFolder);
  for (let root = start; ; root = path.dirname(root)) {
    const gitDirectory = await findGitDirectory(root);
    if (gitDirectory !== null) return describe(root, gitDirectory, isInside(start, folder) ? folder : start);
    if (path.dirname(root) === root) return null;
  }
}

/** True for the folder itself, too. */
export function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || (relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative));
}

async function describe(root: string, gitDirectory: string, asked: string): Promise<WorkingTree> {
  const common = await readLine(path.join(gitDirectory, 'commondir'));
  const shared = common === null ? gitDirectory : path.resolve(gitDirectory, common);
  const configuration = await readFile(path.join(shared, 'config'), 'utf8').catch(() => '');
  const objects = path.join(shared, 'objects');
  // Objects with other hashes cannot stand beside ours; a list of folders knows neither line ends nor quotes.
  const canShare = !/objectformat\s*=\s*sha256/i.test(configuration) && !/["\n]/.test(objects);
  return {
    root,
    scope: isInside(asked, root) ? path.relative(root, asked).split(path.sep).join('/') : '',
    objects: canShare ? objects : null,
    index: path.join(gitDirectory, 'index'),
    exclude: path.join(shared, 'info', 'exclude'),
  };
}

/** What `.git` in a folder leads to: itself, or what a file (of a linked working tree or a submodule) names. */
async function findGitDirectory(folder: string): Promise<string | null> {
  const place = path.join(folder, '.git');
  const found = await stat(place).catch(() => null);
  if (found === null) return null;
  const line = found.isDirectory() ? null : await readLine(place);
  const directory = line === null ? place : path.resolve(folder, line.replace(/^gitdir:\s*/, ''));
  const hasHead = await stat(path.join(directory, 'HEAD')).then(
    () => true,
    () => false,
  );
  return hasHead ? directory : null;
}

async function readLine(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : text.trim();
}
