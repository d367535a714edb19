import type { Database } from './database.ts';
import { migrations } from './migrations.ts';

/** The schema version that this build writes: the number of its migrations. */
export const latestSchema = migrations.length;

/** The schema version of a database; 0 for an empty one. */
export function schemaOf(database: Database): number {
  const [version] = database.get('PRAGMA user_version') ?? [];
  return Number(version ?? 0);
}

/** Takes the schema from `version - 1` to `version`; journals refer to migrations by number, so they are never edited. */
export function applyMigration(database: Database, version: number, steps = migrations): void {
  const migration = steps[version - 1];
  if (migration === undefined) throw new Error(`There is no migration ${String(version)}.`);
  database.execute('BEGIN');
  try {
    database.execute(`${migration}; PRAGMA user_version = ${String(version)}; COMMIT;`);
  } catch (error) {
    database.execute('ROLLBACK');
    throw error;
  }
}
