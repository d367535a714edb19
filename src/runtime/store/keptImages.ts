import * as path from 'node:path';
import type { Disk } from './disk.ts';

/** How long the state before a migration is kept, in milliseconds. */
const keptMs = 30 * 86_400_000;
const directoryName = 'before-migration';
const imageName = /^schema-\d+-at-(\d+)\.sqlite$/;

/**
 * Keeps the state as it was before a migration, a plain SQLite database, for whoever has to go back to an older version;
 * what is older than 30 days goes. `at` is epoch ms. Throws system errors.
 */
export async function keepBeforeMigration(
  disk: Disk,
  store: string,
  { schema, image, at }: { readonly schema: number; readonly image: Uint8Array; readonly at: number },
): Promise<void> {
  const directory = path.join(store, directoryName);
  disk.makeDirectory(directory);
  dropOldImages(disk, store, at);
  const target = path.join(directory, `schema-${String(schema)}-at-${String(at)}.sqlite`);
  const temporary = `${target}.tmp`;
  const file = disk.create(temporary);
  try {
    await file.writeLater(image, 0);
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(temporary, target);
  await disk.syncDirectory(directory);
  await disk.syncDirectory(store);
}

/** Deletes what was kept before migrations more than 30 days ago, and what a crash left half written. */
export function dropOldImages(disk: Disk, store: string, now: number): void {
  if (!disk.list(store).includes(directoryName)) return;
  const directory = path.join(store, directoryName);
  for (const name of disk.list(directory)) {
    const at = Number(imageName.exec(name)?.[1] ?? Number.NaN);
    if (name.endsWith('.tmp') || at < now - keptMs) disk.remove(path.join(directory, name));
  }
}
