import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../errors.ts';

/** Files that claude reads in a folder and in those above, and a folder of settings, hooks, agents, commands and skills. */
const fileNames = ['CLAUDE.md', 'CLAUDE.local.md', '.mcp.json'];
const folderName = '.claude';
/** Working trees of their own, of any size; nothing in them is a setting. */
const skipped = 'worktrees';

/** What a program takes from a folder besides its command line. */
export interface ProjectSettings {
  /** Absolute; some need not exist. */
  readonly files: readonly string[];
  /** Folders of settings that are links out of the folder, whose content cannot be vouched for. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

/**
 * The settings of the project that claude uses in a working directory: of the workspace folder, the directory itself and all
 * between. A working directory that is a link out of the folder is one of the links: its program reads what is where it leads.
 * Never throws for what is missing.
 */
export async function findProjectSettings(cwd: string, folder: string): Promise<ProjectSettings> {
  const files: string[] = [];
  const links: { path: string; target: string }[] = [];
  const realFolder = await realpath(folder).catch(() => folder);
  const seen = new Set<string>();

  async function walk(directory: string): Promise<void> {
    const real = await realpath(directory).catch(() => null);
    if (real === null || seen.has(real)) return;
    seen.add(real);
    if (!isWithin(real, realFolder)) {
      links.push({ path: directory, target: real });
      return;
    }
    for (const entry of await list(directory)) {
      const child = path.join(directory, entry.name);
      if (entry.isFile() || entry.isSymbolicLink()) files.push(child);
      // A link to a folder is a folder too; what is none has nothing in it.
      if (!entry.isFile() && !(entry.name === skipped && path.basename(directory) === folderName)) await walk(child);
    }
  }

  const realCwd = await realpath(cwd).catch(() => null);
  const isInside = realCwd !== null && isWithin(realCwd, realFolder);
  if (realCwd !== null && !isInside) links.push({ path: cwd, target: realCwd });
  // The program sees where it is, not by which links it got there.
  const seenCwd = isInside ? path.join(folder, path.relative(realFolder, realCwd)) : cwd;
  for (const directory of new Set([cwd, seenCwd].flatMap((place) => directoriesBetween(folder, place)))) {
    files.push(...fileNames.map((name) => path.join(directory, name)));
    await walk(path.join(directory, folderName));
  }
  return { files, links };
}

/** The folder and every directory from there to another one in it, itself included. */
function directoriesBetween(folder: string, directory: string): string[] {
  if (!isWithin(directory, folder)) return [folder];
  const steps = path.relative(folder, directory).split(path.sep).filter(Boolean);
  return [folder, ...steps.map((_, index) => path.join(folder, ...steps.slice(0, index + 1)))];
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
}

async function list(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
