import * as fs from 'node:fs';
import { isFree } from '../endpoint/freeStore.ts';
import type { FolderEntry, Registry } from '../endpoint/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { toError, UserError } from '../runtime/errors.ts';
import { wait } from './wait.ts';

/** How long the runtime of a deleted state may take to leave, in milliseconds. */
const leavingMs = 5000;
const pollMs = 50;

/**
 * Makes the folder of a new store, or shows that there can be one, before the registry is told of it: its entry never changes.
 * @throws UserError of kind `storage`
 */
export function makeStoreFolder(store: string): void {
  try {
    fs.mkdirSync(store, { recursive: true, mode: 0o700 });
    fs.accessSync(store, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw cannotWriteStore(store, error);
  }
}

/**
 * Removes what is left of the store of a folder whose state was deleted, once its runtime has left. A store that the folder
 * uses again by then, because it has a configuration, stays.
 */
export async function removeDeletedStore(registry: Registry, entry: FolderEntry, clock: Clock): Promise<void> {
  const { signal } = new AbortController();
  const began = clock.monotonic();
  while (!isFree(entry.store)) {
    if (clock.monotonic() - began > leavingMs) return;
    await wait(clock, pollMs, signal);
  }
  await registry.removeUnused(entry, entry.store, () => {
    fs.rmSync(entry.store, { recursive: true, force: true });
  });
}

export function cannotWriteStore(store: string, cause: unknown): UserError {
  return new UserError(
    'storage',
    `Reveille cannot write to its storage folder ${store} (${toError(cause).message}). Free space or make it writable, or choose another one in the setting reveille.storagePath. Then retry.`,
    { cause },
  );
}
