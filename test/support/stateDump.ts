import type { Reader } from '../../src/runtime/store/store.ts';

/** Everything that a database holds, as lines of text: schema and rows, in an order that does not depend on where they lie. */
export function dumpState(reader: Reader): string[] {
  const schema = reader.all('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name');
  const [version] = reader.get('PRAGMA user_version') ?? [];
  const tables = schema.filter(([type]) => type === 'table').map(([, name]) => String(name));
  const rows = tables.flatMap((table) => {
    const found = reader.all(`SELECT * FROM "${table}"`).map((row) => `${table} ${JSON.stringify(row)}`);
    return found.sort();
  });
  return [`version ${String(version)}`, ...schema.map((row) => JSON.stringify(row)), ...rows];
}
