import type { Reader } from './store.ts';

/** What is numbered for people, and whose numbers are therefore never given twice. */
export type Numbered = 'run' | 'wakeup' | 'issue' | 'question' | 'issue_comment';

/**
 * The number after the highest that was ever given. A trigger of the schema notes the highest one deleted, whoever deletes:
 * the rows that are left do not tell it.
 */
export function nextNumber(reader: Reader, kind: Numbered): number {
  const sql = `SELECT max(coalesce((SELECT max(number) FROM ${kind}), 0), coalesce((SELECT number FROM deleted_mark WHERE kind = ?), 0))`;
  const [highest] = reader.get(sql, [kind]) ?? [];
  return Number(highest) + 1;
}

/** The highest id that was ever deleted; empty if none was. Ids grow, so every id above it was never deleted. */
export function highestDeletedId(reader: Reader, kind: Numbered): string {
  const [id] = reader.get('SELECT id FROM deleted_mark WHERE kind = ?', [kind]) ?? [];
  return typeof id === 'string' ? id : '';
}
