import * as path from 'node:path';

/** A changed file in a line of a transcript: as it is written, and where in the line that begins. */
export interface NamedFile {
  readonly name: string;
  readonly start: number;
}

/** The file that a line of a transcript says was changed; null for any other line. */
export function namedFileOf(line: string): NamedFile | null {
  const [, before = '', name] = /^( {2}✎ )(.+) \([^()]*\)$/u.exec(line) ?? [];
  return name === undefined ? null : { name, start: before.length };
}

/** Where a file may lie that an agent named, absolute: below one of the folders only, because the name is the agent's. */
export function placesOf(name: string, folders: readonly string[]): string[] {
  const places = folders.flatMap((folder) => {
    const place = path.resolve(folder, name);
    return place.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep) ? [place] : [];
  });
  return [...new Set(places)];
}
