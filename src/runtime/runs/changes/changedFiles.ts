/** One side of a changed file. */
export interface FileVersion {
  /** Git's, octal: `100644`, `100755`, or `120000` for a symbolic link. */
  readonly mode: string;
  /** SHA-1 of the content as git counts it. */
  readonly blob: string;
}

/** A file that is not the same in two snapshots; at least one side exists. */
export interface ChangedFile {
  /** Relative to the root of the working tree, with forward slashes; where it is now, or was if it is gone. */
  readonly path: string;
  /** Where it was, if it was moved; else null. */
  readonly movedFrom: string | null;
  readonly before: FileVersion | null;
  readonly after: FileVersion | null;
  /** Null for what is no text. */
  readonly addedLines: number | null;
  readonly removedLines: number | null;
}

/**
 * Reads what `git diff-tree -r -z -M --raw --numstat` prints: first a record for each file, then its lines, in the same order.
 * @throws Error on anything else
 */
export function parseChangedFiles(output: string): ChangedFile[] {
  const fields = output.split('\0');
  let at = 0;
  const next = (): string => fields[at++] ?? '';
  const files: Omit<ChangedFile, 'addedLines' | 'removedLines'>[] = [];
  while (fields[at]?.startsWith(':') === true) {
    const [, beforeMode, afterMode, beforeBlob, afterBlob, status] =
      /^:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/.exec(next()) ?? [];
    const movedFrom = status === 'R' ? next() : null;
    const path = next();
    const before = toVersion(beforeMode, beforeBlob);
    const after = toVersion(afterMode, afterBlob);
    if (path === '' || (before === null && after === null)) throw new Error('git said something unexpected.');
    files.push({ path, movedFrom, before, after });
  }
  return files.map((file) => {
    const [added, removed, name] = next().split('\t');
    // Of a moved one, both names follow.
    if (name === '') at += 2;
    return { ...file, addedLines: toCount(added), removedLines: toCount(removed) };
  });
}

/** Reads what `git cat-file --batch` prints: `<blob> blob <bytes>`, the content, and a line end each. @throws Error on anything else */
export function parseBlobs(output: Buffer): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  for (let at = 0; at < output.length;) {
    const lineEnd = output.indexOf('\n', at);
    const [, blob, bytes] = /^([0-9a-f]+) blob (\d+)$/.exec(output.toString('latin1', at, lineEnd)) ?? [];
    if (blob === undefined) throw new Error('A version of a file is not kept.');
    const end = lineEnd + 1 + Number(bytes);
    contents.set(blob, output.subarray(lineEnd + 1, end));
    at = end + 1;
  }
  return contents;
}

function toVersion(mode = '0', blob = ''): FileVersion | null {
  return /^0+$/.test(mode) ? null : { mode, blob };
}

function toCount(text = ''): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}
