import { access, constants, stat } from 'node:fs/promises';
import { posix, win32 } from 'node:path';

/** Which of these programs are on the PATH of an environment; nothing is started. Folders that cannot be read count as empty. */
export async function programsOnPath(
  names: readonly string[],
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Set<string>> {
  const isWindows = platform === 'win32';
  const path = isWindows ? win32 : posix;
  const searched = Object.entries(env).find(([name]) => (isWindows ? name.toUpperCase() : name) === 'PATH')?.[1] ?? '';
  // A relative folder of the PATH would be one of whatever folder the editor was started in.
  const folders = searched.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const endings = isWindows ? ['.exe', '.cmd', '.bat', '.com'] : [''];
  const found = new Set<string>();
  for (const name of names) {
    const candidates = folders.flatMap((folder) => endings.map((ending) => path.join(folder, name + ending)));
    for (const candidate of candidates) {
      if (!(await isProgram(candidate))) continue;
      found.add(name);
      break;
    }
  }
  return found;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there, or not for us.
    return false;
  }
}
