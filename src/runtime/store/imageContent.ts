import { UserError } from '../errors.ts';
import { Database } from './database.ts';
import { applyMigration, schemaOf } from './migrate.ts';
import { writeSetting } from './settingTable.ts';
import { readStateFolder } from './stateFolder.ts';

/** What an image holds, for a person who decides about it. */
export interface ImageContent {
  readonly agents: number;
  readonly issues: number;
  readonly runs: number;
  /** The workspace folder that it is of; null if it does not say. */
  readonly folder: string | null;
  /** Epoch ms of the newest thing that happened; null for an empty state. */
  readonly newestAt: number | null;
}

const countOf = (table: string): string => `SELECT count(*) FROM ${table}`;
const newest = `SELECT max(at) FROM (
  SELECT max(queued_at) AS at FROM run UNION ALL SELECT max(finished_at) FROM run UNION ALL
  SELECT max(updated_at) FROM issue UNION ALL SELECT max(requested_at) FROM wakeup)`;

/**
 * Counts what an image holds that `inspectImage` found to be a state of Reveille.
 * @throws UserError of kind `invalid` for one whose tables, indices or triggers are not exactly those of its schema version: a
 * foreign trigger would act by itself
 */
export async function readImageContent(image: Uint8Array, wasmPath: string): Promise<ImageContent> {
  const found = await withImage(image, wasmPath, readSchema);
  const expected = await withImage(null, wasmPath, (database) => {
    for (let version = 1; version <= found.version; version += 1) applyMigration(database, version);
    return readSchema(database);
  });
  const difference = firstDifference(found.objects, expected.objects);
  if (difference !== null) throw new UserError('invalid', `It is not a state that Reveille has made (${difference}).`);
  return withImage(image, wasmPath, (database) => {
    const numberOf = (sql: string): number => Number(database.get(sql)?.[0] ?? 0);
    const [newestAt] = database.get(newest) ?? [];
    return {
      agents: numberOf(countOf('agent')),
      issues: numberOf(countOf('issue')),
      runs: numberOf(countOf('run')),
      folder: readStateFolder(database)?.path ?? null,
      newestAt: typeof newestAt === 'number' ? newestAt : null,
    };
  });
}

/** The same image with a setting in it, that the runtime which opens it first will find. */
export function withSetting(
  image: Uint8Array,
  wasmPath: string,
  setting: { readonly name: string; readonly value: string },
): Promise<Uint8Array> {
  return withImage(image, wasmPath, (database) => {
    writeSetting(database, setting.name, setting.value);
    return database.export();
  });
}

interface Schema {
  readonly version: number;
  /** SQL by type and name. */
  readonly objects: ReadonlyMap<string, string>;
}

function readSchema(database: Database): Schema {
  const rows = database.all('SELECT type, name, sql FROM sqlite_master ORDER BY type, name');
  const objects = rows.map(([type, name, sql]) => [`${String(type)} ${String(name)}`, String(sql)] as const);
  return { version: schemaOf(database), objects: new Map(objects) };
}

function firstDifference(found: Schema['objects'], expected: Schema['objects']): string | null {
  for (const [name, sql] of found) if (expected.get(name) !== sql) return `${name} is not Reveille's`;
  for (const name of expected.keys()) if (!found.has(name)) return `${name} is missing`;
  return null;
}

async function withImage<T>(image: Uint8Array | null, wasmPath: string, work: (database: Database) => T): Promise<T> {
  const database = await Database.open(image, wasmPath);
  try {
    return work(database);
  } finally {
    database.close();
  }
}
