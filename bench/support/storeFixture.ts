import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { realDisk } from '../../src/runtime/store/disk.ts';
import { writeSnapshot } from '../../src/runtime/store/snapshot.ts';
import { Store, type StoreOptions } from '../../src/runtime/store/store.ts';
import { snapshotPath } from '../../src/runtime/store/storeFiles.ts';
import type { Bench } from './figure.ts';
import { quietLogger } from './quietLogger.ts';
import type { Production } from './production.ts';

const tmpfs = 0x01021994;

export function wasmPathOf({ runtimeEntry }: Production): string {
  return path.join(path.dirname(runtimeEntry), 'sql-wasm.wasm');
}

/** A new folder on a disk. @throws Error if the temporary folder is in memory, where a flush costs nothing */
export function makeDiskFolder({ production }: Bench): string {
  const folder = production.makeFolder('store');
  if (statfsSync(folder).type !== tmpfs) return folder;
  throw new Error('The temporary folder is in memory. Set TMPDIR to a folder on a disk.');
}

/** Opens a store as a runtime does. */
export function openStore(
  directory: string,
  wasmPath: string,
  options: Pick<StoreOptions, 'checkpointRecords'> = {},
): Promise<Store> {
  return Store.open({ directory, wasmPath, logger: quietLogger, isFenced: () => false, ...options });
}

/** Makes a store whose whole state is a snapshot of the given plain SQLite file. */
export async function makeStore(directory: string, file: string): Promise<void> {
  mkdirSync(directory, { mode: 0o700 });
  const snapshot = { generation: 1, sequence: 1, writtenAt: Date.now(), image: readFileSync(file) };
  await writeSnapshot(realDisk, snapshotPath(directory, 1), snapshot);
}

/** A copy of a closed store, to be spoilt. A store never changes a file that an earlier process wrote, so links will do. */
export function linkStore(directory: string): StoreCopy {
  const copy = new StoreCopy(directory);
  for (const name of readdirSync(directory)) linkSync(path.join(directory, name), path.join(copy.path, name));
  return copy;
}

/** A copy of a store that may be open. */
export function copyStore(directory: string): StoreCopy {
  const copy = new StoreCopy(directory);
  cpSync(directory, copy.path, { recursive: true });
  return copy;
}

/** A store's directory that is removed at the end. */
export class StoreCopy implements Disposable {
  readonly path: string;

  constructor(original: string) {
    this.path = mkdtempSync(`${original}-copy-`);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Bytes of the journals of a store so far, without what was made ready for later. */
export function journalBytes(directory: string): number {
  const journals = readdirSync(directory).filter((name) => name.startsWith('wal-'));
  const lengths = journals.map((name) => readFileSync(path.join(directory, name)).findLastIndex((byte) => byte !== 0));
  return lengths.reduce((sum, last) => sum + last + 1, 0);
}

/** How many whole snapshots a store has written, by the newest one's name. */
export function newestSnapshot(directory: string): number {
  const generations = readdirSync(directory).map((name) => Number(/^snap-(\d+)\.sqjs$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...generations);
}
