import * as path from 'node:path';
import type { Disk } from '../../src/runtime/store/disk.ts';

function refuse(): never {
  throw new Error('Nothing may be changed here.');
}

/** A disk of which these are all the files, by path, and on which nothing can be changed. */
export function fileDisk(files: ReadonlyMap<string, Buffer>): Disk {
  return {
    list: (directory) =>
      [...files.keys()].filter((file) => path.dirname(file) === directory).map((file) => path.basename(file)),
    read: (file) => files.get(file) ?? refuse(),
    create: refuse,
    syncFile: refuse,
    link: refuse,
    rename: refuse,
    remove: refuse,
    makeDirectory: refuse,
    syncDirectory: refuse,
  };
}
