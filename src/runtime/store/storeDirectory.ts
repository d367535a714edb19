import * as fs from 'node:fs';
import { toError, UserError } from '../errors.ts';

/** Creates a store's directory, private to the user, and proves that it can be written. @throws UserError of kind `storage` */
export function prepareStoreDirectory(directory: string): void {
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    fs.accessSync(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    const probe = `${directory}/.writable-${String(process.pid)}`;
    fs.writeFileSync(probe, '', { mode: 0o600 });
    fs.rmSync(probe);
  } catch (error) {
    throw new UserError(
      'storage',
      `Reveille cannot write to its storage folder ${directory} (${toError(error).message}). Make it writable, or choose another one in the setting reveille.storagePath.`,
      { cause: error },
    );
  }
}
