import * as fs from 'node:fs';
import { hostname } from 'node:os';
import * as path from 'node:path';
import type { Build } from '../endpoint/build.ts';
import type { FolderIdentity } from '../endpoint/folderIdentity.ts';
import { Registry } from '../endpoint/registry.ts';
import { protocolVersion } from '../protocol.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';
import { identifyProcess } from './processIdentity.ts';
import { restoreBackup } from './stateTransfer.ts';
import { LiveOwnerError, Owner } from './store/owner.ts';
import { Store } from './store/store.ts';
import { prepareStoreDirectory } from './store/storeDirectory.ts';

export interface OwnedStoreOptions {
  readonly folder: FolderIdentity;
  /** Absolute path of the store's directory. */
  readonly storePath: string;
  /** The user's registry directory. */
  readonly stateDirectory: string;
  readonly wasmPath: string;
  readonly build: Build;
  readonly clock: Clock;
  readonly logger: Logger;
  /** See `StoreOptions`. */
  readonly continueAfter?: number | undefined;
  /** Absolute path of a backup that takes the place of the state, whatever that is like. */
  readonly restoreFrom?: string | undefined;
}

/**
 * Takes the store of a folder over and recovers it.
 * @throws UserError of kind `owned_elsewhere`, `storage`, `damaged` or `version`; everything acquired is released again
 */
export async function openOwnedStore(
  options: OwnedStoreOptions,
): Promise<{ readonly owner: Owner; readonly store: Store }> {
  const { folder, storePath, stateDirectory, build, clock, logger, wasmPath, continueAfter, restoreFrom } = options;
  prepareStoreDirectory(storePath);
  const identity = identifyProcess(process.pid);
  if (!identity) throw new Error('This process cannot identify itself.');
  const claim = { identity, host: hostname(), build, protocol: protocolVersion, startedAt: clock.now() };
  const owner = Owner.acquire(storePath, claim);
  try {
    fs.mkdirSync(path.join(storePath, 'logs'), { recursive: true, mode: 0o700 });
    const directory = path.join(storePath, 'state');
    prepareStoreDirectory(directory);
    const registry = Registry.open(stateDirectory);
    if (!(await registry.confirm(folder, storePath))) throw new LiveOwnerError('This folder has another state by now.');
    if (restoreFrom !== undefined) await restoreBackup(restoreFrom, { ...options, registry });
    const isFenced = (): boolean => owner.isFenced();
    const store = await Store.open({ directory, wasmPath, logger, clock, continueAfter, isFenced });
    return { owner, store };
  } catch (error) {
    owner.release();
    throw error;
  }
}
