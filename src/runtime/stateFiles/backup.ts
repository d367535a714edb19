import type { Store } from '../store/store.ts';
import { writeOutputFile } from './outputFile.ts';

/**
 * Writes the state as a plain SQLite file that any program opens. Logs, consents and the registry are not in it. Answers its
 * size in bytes.
 * @throws UserError of kind `invalid` if it cannot be written there
 */
export function writeBackup(store: Pick<Store, 'backUp'>, target: string, storePath: string): Promise<number> {
  return writeOutputFile(target, storePath, async (write) => {
    await write(await store.backUp());
  });
}
