import { readSetting, writeSetting } from './settingTable.ts';
import type { Reader, Writer } from './store.ts';

/** The workspace folder that a state belongs to: its id in the registry and its real path. */
export interface StateFolder {
  readonly id: string;
  readonly path: string;
}

const name = 'folder';

/** Null for a state that no runtime has served yet. */
export function readStateFolder(reader: Reader): StateFolder | null {
  const text = readSetting(reader, name);
  return text === null ? null : parse(text);
}

export function writeStateFolder(writer: Writer, { id, path }: StateFolder): void {
  writeSetting(writer, name, JSON.stringify({ id, path }));
}

function parse(text: string): StateFolder | null {
  try {
    const { id, path } = JSON.parse(text) as Partial<Record<keyof StateFolder, unknown>>;
    return typeof id === 'string' && typeof path === 'string' ? { id, path } : null;
  } catch {
    // A backup may have been edited: then nobody knows.
    return null;
  }
}
