import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { FolderIdentity } from '../endpoint/folderIdentity.ts';
import { assertFree } from '../endpoint/freeStore.ts';
import type { Registry } from '../endpoint/registry.ts';
import type { Clock } from './clock.ts';
import { UserError } from './errors.ts';
import type { Logger } from './log.ts';
import { auditHeadPath } from './governance/auditHead.ts';
import { readBackup, type Backup } from './stateFiles/readBackup.ts';
import { realDisk } from './store/disk.ts';
import { replaceState } from './store/restore.ts';
import { noteRestoration } from './store/restoredState.ts';

export interface StateTransferOptions {
  readonly folder: FolderIdentity;
  /** The store's directory, which this process owns while nothing of it is open. */
  readonly storePath: string;
  /** The user's registry directory. */
  readonly stateDirectory: string;
  readonly registry: Registry;
  readonly wasmPath: string;
  readonly clock: Clock;
}

/** The name of the state as it was, in the folder that it is set aside to; *Restore State* takes it. */
const formerStateName = 'former-state.sqlite';

/**
 * What can be done with the state of a folder as a whole, by whoever owns its store and has closed it: replace it, give the
 * folder another one, delete it.
 */
export class StateTransfer {
  readonly #options: StateTransferOptions;

  constructor(options: StateTransferOptions) {
    this.#options = options;
  }

  /**
   * Puts a backup in the place of the state; answers where the former one is, or null if there was none.
   * @param former an image of the state as it was, kept beside its files; null if it cannot be read
   */
  async restore({ image, summary }: Backup, former: Uint8Array | null): Promise<string | null> {
    const { storePath, wasmPath, clock } = this.#options;
    const restoration = { backup: path.basename(summary.path), at: clock.now(), newestAt: summary.newestAt };
    const noted = await noteRestoration(image, wasmPath, restoration);
    const directory = path.join(storePath, 'state');
    const kept = path.join(storePath, formerStateName);
    // Before anything is replaced: a disk that is too full for it is found out in time.
    if (former !== null) await fs.writeFile(kept, former, { mode: 0o600, flush: true });
    const quarantine = await replaceState(realDisk, directory, { image: noted, at: restoration.at });
    if (quarantine === null || former === null) return quarantine;
    const file = path.join(quarantine, formerStateName);
    await fs.rename(kept, file);
    return file;
  }

  /** Finds out whether `adopt` would be refused, before anything is given up for it. Throws as that does. */
  assertAdoptable(entryId: string): void {
    const { registry } = this.#options;
    const entry = registry.list().find(({ id }) => id === entryId);
    if (!entry) throw new UserError('not_found', 'That state is not in the registry any more.');
    assertFree(entry.store);
  }

  /** Gives the folder the store of another entry; see `Registry.adopt`. */
  async adopt(entryId: string): Promise<void> {
    const { folder, registry, storePath } = this.#options;
    await registry.adopt(folder, entryId, (store) => {
      if (store !== storePath) assertFree(store);
    });
  }

  /** Deletes everything of the state but what this process runs from and writes to; the registry forgets the folder. */
  async deleteAll(): Promise<void> {
    const { folder, registry, storePath, stateDirectory, clock } = this.#options;
    // In one step: a crash half-way must not leave a part that looks like a damaged whole.
    const doomed = path.join(storePath, `deleted-${String(clock.now())}`);
    await fs.rename(path.join(storePath, 'state'), doomed);
    await registry.forget(folder, storePath);
    await fs.rm(auditHeadPath(stateDirectory, folder.id), { force: true });
    for (const remains of [doomed, path.join(storePath, 'logs'), path.join(storePath, 'changes')])
      await fs.rm(remains, { recursive: true, force: true });
  }
}

/** Puts a backup in the place of a state that need not be readable, before it is opened. Throws as `readBackup` does. */
export async function restoreBackup(
  file: string,
  options: StateTransferOptions & { readonly logger: Logger },
): Promise<void> {
  const backup = await readBackup(file, options.wasmPath);
  const former = await new StateTransfer(options).restore(backup, null);
  options.logger.info('A backup was restored', file, 'the former state is in', former);
}
