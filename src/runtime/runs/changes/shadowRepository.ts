import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import * as path from 'node:path';

/** Raw bytes whatever the attributes in the working tree say: no filter, no line ends changed, no program for a difference. */
const attributes = '* -text -filter -ident -working-tree-encoding !diff !merge\n';

/**
 * Makes a git directory of our own, or brings one up to date. Git then reads this configuration and none of the repository's,
 * whose filters, monitors and hooks are programs.
 * @param objects of a repository, to share what it has; null = none
 */
export async function prepareShadow(directory: string, objects: string | null): Promise<void> {
  for (const folder of ['refs', 'info', 'objects/info', 'objects/pack']) {
    await mkdir(path.join(directory, folder), { recursive: true, mode: 0o700 });
  }
  await put(path.join(directory, 'config'), configurationFor(process.platform));
  await put(path.join(directory, 'info', 'attributes'), attributes);
  await put(path.join(directory, 'objects', 'info', 'alternates'), objects === null ? '' : `${objects}\n`);
  await put(path.join(directory, 'HEAD'), 'ref: refs/heads/none\n');
}

/** Writes a file only if that changes it; answers whether it did. */
export async function put(file: string, text: string): Promise<boolean> {
  if ((await readFile(file, 'utf8').catch(() => null)) === text) return false;
  await writeFile(file, text, { mode: 0o600 });
  return true;
}

function configurationFor(platform: NodeJS.Platform): string {
  const isWindows = platform === 'win32';
  const core: Record<string, string | boolean | number> = {
    repositoryFormatVersion: 0,
    bare: false,
    fileMode: !isWindows,
    symlinks: !isWindows,
    ignoreCase: isWindows || platform === 'darwin',
    precomposeUnicode: platform === 'darwin',
    // Names that only other systems do not allow are names like any other.
    protectNTFS: isWindows,
    protectHFS: platform === 'darwin',
    longPaths: true,
    autocrlf: false,
    fsmonitor: false,
    hooksPath: devNull.replaceAll('\\', '/'),
    attributesFile: devNull.replaceAll('\\', '/'),
    excludesFile: devNull.replaceAll('\\', '/'),
    compression: 1,
  };
  const lines = Object.entries(core).map(([name, value]) => `\t${name} = ${String(value)}`);
  return ['[core]', ...lines, '[gc]', '\tauto = 0', '[pack]', '\tthreads = 1', ''].join('\n');
}
