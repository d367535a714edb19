import type { Reader, Writer } from './store.ts';

/** A named text that outlives the runtime; null if it was never set. */
export function readSetting(reader: Reader, name: string): string | null {
  const [value] = reader.get('SELECT value FROM setting WHERE name = ?', [name]) ?? [];
  return typeof value === 'string' ? value : null;
}

export function deleteSetting(writer: Writer, name: string): void {
  writer.run('DELETE FROM setting WHERE name = ?', [name]);
}

export function writeSetting(writer: Writer, name: string, value: string): void {
  writer.run(
    'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [name, value],
  );
}
