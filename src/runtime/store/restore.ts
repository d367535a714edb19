import { toError } from '../errors.ts';
import { Database } from './database.ts';
import type { Disk } from './disk.ts';
import { latestSchema, schemaOf } from './migrate.ts';
import { writeSnapshot } from './snapshot.ts';
import { journalPath, listGenerations, setAside, snapshotPath } from './storeFiles.ts';

/** What an image that somebody wants to restore is. */
export interface ImageInspection {
  readonly schema: number;
  /** Why it cannot be restored, a sentence for a person; null if it can. */
  readonly problem: string | null;
}

/** Looks into an image without changing anything. */
export async function inspectImage(image: Uint8Array, wasmPath: string): Promise<ImageInspection> {
  try {
    const database = await Database.open(image, wasmPath);
    try {
      return judge(database);
    } finally {
      database.close();
    }
  } catch (error) {
    return { schema: 0, problem: `It is not a whole SQLite database (${toError(error).message}).` };
  }
}

function judge(database: Database): ImageInspection {
  const schema = schemaOf(database);
  const [verdict] = database.get('PRAGMA integrity_check(1)') ?? [];
  if (verdict !== 'ok') return { schema, problem: `It is damaged (${String(verdict)}).` };
  const tables = database.all(`SELECT name FROM sqlite_master WHERE type = 'table'`).map(([name]) => name);
  const isOurs = schema > 0 && ['setting', 'agent', 'run', 'wakeup'].every((name) => tables.includes(name));
  if (!isOurs) return { schema, problem: 'It is a database of another program.' };
  if (schema > latestSchema) return { schema, problem: 'It was made by a newer version of Reveille; update first.' };
  return { schema, problem: null };
}

/**
 * Puts an image that was inspected in the place of the state of a store that is not open but owned. The present state is
 * moved to `quarantine/`; answers where, or null if there was none. Durable when it resolves; after a crash the store holds
 * the one or the other. `at` is epoch ms. Throws system errors.
 */
export async function replaceState(
  disk: Disk,
  directory: string,
  { image, at }: { readonly image: Uint8Array; readonly at: number },
): Promise<string | null> {
  const { snapshots, journals } = listGenerations(disk, directory);
  const generation = Math.max(0, ...snapshots, ...journals) + 1;
  const files = [
    ...snapshots.map((one) => snapshotPath(directory, one)),
    ...journals.map((one) => journalPath(directory, one)),
  ];
  const place = await setAside(disk, directory, { files, reason: 'replaced', at });
  await writeSnapshot(disk, snapshotPath(directory, generation), { generation, sequence: 0, writtenAt: at, image });
  for (const file of files) disk.remove(file);
  await disk.syncDirectory(directory);
  return place;
}
