import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Build } from '../endpoint/build.ts';
import { systemErrorCode } from '../runtime/errors.ts';
import { cannotWriteStore } from './storeFolder.ts';

/** What a runtime consists of. */
const bundleFiles = ['runtime.js', 'spawner.js', 'sql-wasm.wasm'] as const;

/** How long a copy is kept after it was last started, in milliseconds. */
const unusedMs = 24 * 3_600_000;

/**
 * Copies a runtime's bundle to `<store>/bin/<build>/` and answers the copy's directory, to be run from there: an update of
 * the extension deletes the folder that it came from, and whatever is loaded late has to be of the same build. A copy that
 * is there is used as it is; it was completed by a rename. Copies that nobody started for a day are removed, and no younger
 * ones: while builds change, windows of the older and the newer one start their runtimes side by side.
 * @throws UserError of kind `storage` if the store cannot be written
 */
export function keepPrivateBundle(store: string, source: string, build: Build): string {
  const bin = path.join(store, 'bin');
  const name = `${build.version}-${String(build.stamp)}`;
  const target = path.join(bin, name);
  try {
    if (!fs.existsSync(target)) copyWhole(source, target);
    const now = new Date();
    fs.utimesSync(target, now, now);
    for (const other of fs.readdirSync(bin)) dropUnused(path.join(bin, other), now);
    return target;
  } catch (error) {
    throw cannotWriteStore(store, error);
  }
}

function dropUnused(copy: string, now: Date): void {
  const stats = fs.statSync(copy, { throwIfNoEntry: false });
  if (stats && now.getTime() - stats.mtimeMs > unusedMs) fs.rmSync(copy, { recursive: true, force: true });
}

function copyWhole(source: string, target: string): void {
  const temporary = `${target}.${String(process.pid)}.tmp`;
  fs.mkdirSync(temporary, { recursive: true, mode: 0o700 });
  for (const file of bundleFiles) fs.copyFileSync(path.join(source, file), path.join(temporary, file));
  try {
    fs.renameSync(temporary, target);
  } catch (error) {
    // Another window completed the same copy first.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(systemErrorCode(error) ?? '') || !fs.existsSync(target)) throw error;
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}
