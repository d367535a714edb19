import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Build } from '../endpoint/build.ts';
import { systemErrorCode, toError, UserError } from '../runtime/errors.ts';

/** What a runtime consists of. */
const bundleFiles = ['runtime.js', 'sql-wasm.wasm'] as const;

/**
 * Copies a runtime's bundle to `<store>/bin/<build>/` and answers the copy's directory, to be run from there: an update of
 * the extension deletes the folder that it came from, and whatever is loaded late has to be of the same build. Copies of
 * other builds are removed. A copy that is there is used as it is; it was completed by a rename.
 * @throws UserError of kind `storage` if the store cannot be written
 */
export function keepPrivateBundle(store: string, source: string, build: Build): string {
  const bin = path.join(store, 'bin');
  const name = `${build.version}-${String(build.stamp)}`;
  const target = path.join(bin, name);
  try {
    if (!fs.existsSync(target)) copyWhole(source, target);
    for (const other of fs.readdirSync(bin)) {
      if (other !== name) fs.rmSync(path.join(bin, other), { recursive: true, force: true });
    }
    return target;
  } catch (error) {
    throw new UserError(
      'storage',
      `Reveille cannot write to its storage folder ${store} (${toError(error).message}). Make it writable, or choose another one in the setting reveille.storagePath.`,
      { cause: error },
    );
  }
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
