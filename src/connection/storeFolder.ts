import * as fs from 'node:fs';
import { toError, UserError } from '../runtime/errors.ts';

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

export function cannotWriteStore(store: string, cause: unknown): UserError {
  return new UserError(
    'storage',
    `Reveille cannot write to its storage folder ${store} (${toError(cause).message}). Free space or make it writable, or choose another one in the setting reveille.storagePath. Then retry.`,
    { cause },
  );
}
