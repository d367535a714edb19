import { access, constants, stat } from 'node:fs/promises';
import { posix, win32 } from 'node:path';

/** Where a program is looked for. */
export interface ProgramPlace {
  /** The environment that it would be started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute; relative paths, also those on the PATH, count from here. */
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
}

/** The file that the system would start for a name or path: absolute, or null if there is none that may be executed. */
export async function findProgram(file: string, place: ProgramPlace): Promise<string | null> {
  for (const candidate of candidatesOf(file, place)) if (await isExecutable(candidate)) return candidate;
  return null;
}

/** What the system looks at, in its order: the path itself, or the name in each folder of the PATH; on Windows with each ending. */
export function candidatesOf(file: string, { env, cwd, platform }: ProgramPlace): string[] {
  const isWindows = platform === 'win32';
  const path = isWindows ? win32 : posix;
  const isPath = file.includes('/') || (isWindows && file.includes('\\'));
  const folders = isPath ? [cwd] : (valueOf(env, 'PATH', isWindows) ?? '').split(path.delimiter).filter(Boolean);
  const endings = isWindows ? endingsOf(file, valueOf(env, 'PATHEXT', true)) : [''];
  return folders.flatMap((folder) => endings.map((ending) => path.resolve(cwd, folder, file + ending)));
}

function endingsOf(file: string, pathext = '.COM;.EXE;.BAT;.CMD'): string[] {
  const endings = pathext.split(';').filter(Boolean);
  const hasEnding = endings.some((ending) => file.toUpperCase().endsWith(ending.toUpperCase()));
  return hasEnding ? [''] : endings;
}

function valueOf(env: ProgramPlace['env'], name: string, anyCase: boolean): string | undefined {
  return anyCase ? Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1] : env[name];
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there, or not for us: the next one may be.
    return false;
  }
}
