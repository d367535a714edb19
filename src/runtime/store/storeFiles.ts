import * as path from 'node:path';
import type { Disk } from './disk.ts';

/** The generations whose files are in a store's directory, ascending. */
export interface Generations {
  readonly snapshots: readonly number[];
  readonly journals: readonly number[];
}

const snapshotName = /^snap-(\d+)\.sqjs$/;
const journalName = /^wal-(\d+)\.log$/;
const quarantineName = 'quarantine';

/** The state after all journals up to this generation. */
export function snapshotPath(directory: string, generation: number): string {
  return path.join(directory, `snap-${String(generation)}.sqjs`);
}

export function journalPath(directory: string, generation: number): string {
  return path.join(directory, `wal-${String(generation)}.log`);
}

export function listGenerations(disk: Disk, directory: string): Generations {
  const names = disk.list(directory);
  const generations = (pattern: RegExp): number[] =>
    names
      .map((name) => Number(pattern.exec(name)?.[1] ?? Number.NaN))
      .filter((generation) => !Number.isNaN(generation))
      .sort((a, b) => a - b);
  return { snapshots: generations(snapshotName), journals: generations(journalName) };
}

/** Deletes what no recovery needs: all but the two newest snapshots, and journals that the older of them contains. */
export function dropSuperseded(disk: Disk, directory: string): void {
  const { snapshots, journals } = listGenerations(disk, directory);
  const [oldest] = snapshots.slice(-2);
  if (oldest === undefined || snapshots.length < 2) return;
  const old = (generation: number): boolean => generation < oldest;
  for (const generation of snapshots.filter(old)) disk.remove(snapshotPath(directory, generation));
  for (const generation of journals.filter((one) => one <= oldest)) disk.remove(journalPath(directory, generation));
}

/** Deletes what a crash left half written. */
export function dropTemporaries(disk: Disk, directory: string): void {
  for (const name of disk.list(directory)) if (name.endsWith('.tmp')) disk.remove(path.join(directory, name));
}

/**
 * Keeps files of a store in `quarantine/<time>-<reason>/`, from where the product never deletes them. They are also still
 * where they were: they are removed there once what takes their place is durable, so that a crash loses neither. Answers that
 * folder, or null if there was nothing to keep. `at` is epoch ms. Throws system errors.
 */
export async function setAside(
  disk: Disk,
  directory: string,
  options: { readonly files: readonly string[]; readonly reason: string; readonly at: number },
): Promise<string | null> {
  if (options.files.length === 0) return null;
  const stamp = new Date(options.at).toISOString().replaceAll(':', '-');
  const target = path.join(directory, quarantineName, `${stamp}-${options.reason}`);
  disk.makeDirectory(target);
  for (const file of options.files) disk.link(file, path.join(target, path.basename(file)));
  for (const changed of [target, path.dirname(target), directory]) await disk.syncDirectory(changed);
  return target;
}
