import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../scripts/testing/command.ts';

const recordings = path.join(root, 'test', 'fixtures', 'recordings');
const chunkBytes = 64 * 1024;

/** What stands in the output of a run that came out well, as nearly all long ones do. */
const success = /"type":"turn.completed"|"is_error":false/;

/** Writes the outputs that were recorded of a program's successes, one after the other and again, until the file has that size. */
export function writeRecordedLog(file: string, folders: readonly string[], bytes: number): void {
  const outputs = folders.flatMap((folder) => {
    const names = readdirSync(path.join(recordings, folder)).filter((name) => /\.stdout(\.jsonl)?$/.test(name));
    return names.sort().map((name) => readFileSync(path.join(recordings, folder, name)));
  });
  // Some were killed in the middle of a line.
  const good = outputs.filter((output) => success.test(output.toString()));
  const whole = Buffer.concat(good.map((output) => output.subarray(0, output.lastIndexOf(0x0a) + 1)));
  const descriptor = openSync(file, 'w');
  for (let written = 0; written < bytes; written += whole.length) writeSync(descriptor, whole);
  closeSync(descriptor);
}

/** Hands a file on in pieces as large as those of a pipe; each is valid during the call only. */
export function readPieces(file: string, take: (piece: Buffer) => void): void {
  const descriptor = openSync(file, 'r');
  const piece = Buffer.alloc(chunkBytes);
  for (let left = statSync(file).size; left > 0;) {
    const length = readSync(descriptor, piece, 0, chunkBytes, null);
    take(piece.subarray(0, length));
    left -= length;
  }
  closeSync(descriptor);
}

/** What whoever wants nothing but the objects would do: cut lines, and JSON.parse each. Answers how many there were. */
export function parseLines(file: string): number {
  let rest = Buffer.alloc(0);
  let lines = 0;
  readPieces(file, (piece) => {
    const data = Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = data.indexOf(0x0a); end !== -1; end = data.indexOf(0x0a, start)) {
      JSON.parse(data.toString('utf8', start, end));
      start = end + 1;
      lines += 1;
    }
    rest = Buffer.from(data.subarray(start));
  });
  return lines;
}
