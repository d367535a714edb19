import * as fs from 'node:fs';
import type { Sample } from './clients.ts';

const aheadBytes = 8 * 1024 * 1024;

/** Appends so many blocks to a file that was made ready, each flushed to the disk before the next: the least that durability costs. */
export async function bareAppends(file: string, { bytes, count }: { bytes: number; count: number }): Promise<Sample> {
  const descriptor = fs.openSync(file, 'w');
  fs.writeSync(descriptor, Buffer.alloc(aheadBytes));
  fs.fsyncSync(descriptor);
  const block = Buffer.alloc(bytes, 'x');
  const held: number[] = [];
  const durable: number[] = [];
  const startedAt = performance.now();
  for (let number = 0; number < count; number += 1) {
    const at = performance.now();
    fs.writeSync(descriptor, block, 0, bytes, number * bytes);
    held.push(performance.now() - at);
    await flush(descriptor);
    durable.push(performance.now() - at);
  }
  const transactionsPerSecond = (count * 1000) / (performance.now() - startedAt);
  fs.closeSync(descriptor);
  fs.rmSync(file);
  return { transactionsPerSecond, held, durable, reads: [] };
}

function flush(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(descriptor, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
