import { UserError } from '../errors.ts';
import { Database } from './database.ts';
import { writeSetting } from './settingTable.ts';

/** What an image holds, for a person who decides about it. */
export interface ImageContent {
  readonly agents: number;
  readonly issues: number;
  readonly runs: number;
  /** Epoch ms of the newest thing that happened; null for an empty state. */
  readonly newestAt: number | null;
}

const countOf = (table: string): string => `SELECT count(*) FROM ${table}`;
const newest = `SELECT max(at) FROM (
  SELECT max(queued_at) AS at FROM run UNION ALL SELECT max(finished_at) FROM run UNION ALL
  SELECT max(updated_at) FROM issue UNION ALL SELECT max(requested_at) FROM wakeup)`;

/**
 * Counts what an image holds that `inspectImage` found to be a state of Reveille.
 * @throws UserError of kind `invalid` for one with triggers or views: Reveille makes none, and they would act by themselves
 */
export function readImageContent(image: Uint8Array, wasmPath: string): Promise<ImageContent> {
  return withImage(image, wasmPath, (database) => {
    const [foreign] = database.get(`SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')`) ?? [];
    if (foreign !== undefined) {
      throw new UserError('invalid', `It holds something that is not Reveille's (${String(foreign)}).`);
    }
    const numberOf = (sql: string): number => Number(database.get(sql)?.[0] ?? 0);
    const [newestAt] = database.get(newest) ?? [];
    return {
      agents: numberOf(countOf('agent')),
      issues: numberOf(countOf('issue')),
      runs: numberOf(countOf('run')),
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

async function withImage<T>(image: Uint8Array, wasmPath: string, work: (database: Database) => T): Promise<T> {
  const database = await Database.open(image, wasmPath);
  try {
    return work(database);
  } finally {
    database.close();
  }
}
