import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Build } from '../endpoint/build.ts';

/**
 * Copies a runtime bundle to `<store>/bin/<build>/` and answers the copy's directory, to be run from there: an update of the extension deletes
 * the folder that it came from, and whatever is loaded late has to be of the same build.
 * Copies of other builds are removed. A copy that is there is used as it is; it was completed by a rename.
 */
export function keepPrivateBundle(store: string, source: string, build: Build): string {
  const bin = path.join(store, 'bin');
  const name = `${build.version}-${String(build.stamp)}`;
  const target = path.join(bin, name);
  if (!fs.existsSync(target)) {
    const temporary = `${target}.${String(process.pid)}.tmp`;
    fs.mkdirSync(temporary, { recursive: true, mode: 0o700 });
    for (const file of bundleFiles) fs.copyFileSync(path.join(source, file), path.join(temporary, file));
    fs.renameSync(temporary, target);
  }
  for (const other of fs.readdirSync(bin)) {
    if (other !== name) fs.rmSync(path.join(bin, other), { recursive: true, force: true });
  }
  return target;
}

/** What a runtime consists of. */
export const bundleFiles = ['runtime.js', 'sql-wasm.wasm'] as const;
