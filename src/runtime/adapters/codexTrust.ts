import { posix, win32 } from 'node:path';
import { tomlTable, tomlString } from './tomlText.ts';

const untrusted = tomlTable({ trust_level: tomlString('untrusted') });

/**
 * A configuration override that keeps codex from what a folder brings along (`.codex`: servers of tools, hooks, rules), also where the
 * person who uses codex there by hand has trusted it: nobody has accepted these files for agents. Codex 0.169.0 asks for the trust of
 * a project's root, the nearest folder above with a `.git`, so all that may be it are named.
 * @param folders absolute
 */
export function withoutProjectTrust(platform: NodeJS.Platform, folders: readonly string[]): string {
  const path = platform === 'win32' ? win32 : posix;
  const all = new Set<string>();
  for (const start of folders) {
    for (let folder = path.resolve(start); !all.has(folder); folder = path.dirname(folder)) all.add(folder);
  }
  return `projects=${tomlTable(Object.fromEntries([...all].map((folder) => [folder, untrusted])))}`;
}
