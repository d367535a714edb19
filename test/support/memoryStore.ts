import * as path from 'node:path';
import type { Database } from '../../src/runtime/store/database.ts';
import type { Disk } from '../../src/runtime/store/disk.ts';
import { openState } from '../../src/runtime/store/openState.ts';
import { writeSetting } from '../../src/runtime/store/settingTable.ts';
import { Store, type StoreOptions } from '../../src/runtime/store/store.ts';
import { ManualClock } from './manualClock.ts';
import { TestLogger } from './testLogger.ts';
import { UnsyncedDisk } from './unsyncedDisk.ts';
import { wasmPath } from './wasm.ts';

/** Where the stores of these tests lie on their disks. */
export const storeDirectory = path.resolve('/store');

export function inStore(...names: string[]): string {
  return path.join(storeDirectory, ...names);
}

export function openStoreOn(disk: Disk, options: Partial<StoreOptions> = {}): Promise<Store> {
  const base = { directory: storeDirectory, wasmPath, logger: new TestLogger(), clock: new ManualClock() };
  return Store.open({ ...base, isFenced: () => false, disk, ...options });
}

export function put(store: Store, name: string, value: string): void {
  store.transact((writer) => {
    writeSetting(writer, name, value);
  });
}

/** One transaction after the other, each durable before the next: `n 1` to `n count`, or as `from` says. */
export async function putMany(store: Store, count: number, from = 1): Promise<void> {
  for (let index = from; index < from + count; index += 1) {
    put(store, `n ${String(index)}`, String(index));
    await store.durable();
  }
}

/** A new disk with a store in which this was done; it was closed in order. */
export async function makeStoreDisk(
  work: (store: Store) => Promise<void>,
  options: Partial<StoreOptions> = {},
): Promise<UnsyncedDisk> {
  const disk = new UnsyncedDisk(storeDirectory);
  const store = await openStoreOn(disk, options);
  await work(store);
  await store.close();
  return disk;
}

/** Reads the state that a disk holds and hands it to `look`; the disk is settled by that, as by a start. */
export async function withState<T>(
  disk: Disk,
  look: (state: { database: Database; sequence: number }) => T,
): Promise<T> {
  const state = await openState({ directory: storeDirectory, wasmPath, disk, now: 0 });
  try {
    return look(state);
  } finally {
    state.database.close();
  }
}

/** The names `n …` that a store holds; see `putMany`. */
export function numbersIn(reader: Pick<Database, 'all'>): number[] {
  const rows = reader.all(`SELECT value FROM setting WHERE name LIKE 'n %'`);
  return rows.map(([value]) => Number(value)).sort((a, b) => a - b);
}

/** 1 to `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
