import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EventReader } from '../../src/runtime/adapters/events.ts';
import type { Output } from './conformanceSubject.ts';

const lineBytes = 64e6;
const linesBytes = 10e6;

/** What is in use after everything that can go is gone, in bytes. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Memory of buffers is given back by the next collection.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What a reader keeps of 64 MB without an end of line, and of 10 MB in lines of its program, in bytes. */
export function readingMemory(
  open: () => EventReader,
  outputs: readonly Output[],
): { readonly line: number; readonly lines: number } {
  const chunk = Buffer.alloc(64 * 1024, '{"type":"reveille",');
  const line = grow(open(), () => chunk, lineBytes);
  const [first] = outputs.filter(({ stdout }) => stdout.length > 0);
  const whole = first?.stdout ?? chunk;
  return { line, lines: grow(open(), () => whole, linesBytes) };
}

function grow(reader: EventReader, next: () => Uint8Array, bytes: number): number {
  const before = usedBytes();
  for (let pushed = 0; pushed < bytes;) {
    const piece = next();
    reader.push(piece, 'out');
    reader.push(piece, 'err');
    pushed += piece.length;
  }
  const grown = usedBytes() - before;
  reader.end();
  return grown;
}
