import { realDisk, type Disk, type DiskFile } from '../../src/runtime/store/disk.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: on a disk that counts`), { code });
}

/** This machine's disk with little room: what was once taken stays taken, until room is added. */
export class CountingDisk implements Disk {
  isReadOnly = false;
  #room: number;

  /** @param room in bytes */
  constructor(room: number) {
    this.#room = room;
  }

  addRoom(bytes: number): void {
    this.#room += bytes;
  }

  list(directory: string): string[] {
    return realDisk.list(directory);
  }

  read(file: string): Buffer {
    return realDisk.read(file);
  }

  create(file: string): DiskFile {
    this.#assertWritable();
    const real = realDisk.create(file);
    let length = 0;
    /** Answers how much of it has room. */
    const take = (bytes: number, at: number): number => {
      const needed = Math.max(0, at + bytes - length);
      const taken = Math.min(needed, Math.max(0, this.#room));
      this.#room -= taken;
      length += taken;
      return bytes - (needed - taken);
    };
    return {
      write: (bytes, at) => {
        const count = take(bytes.length, at);
        real.write(bytes.subarray(0, count), at);
        if (count < bytes.length) throw systemError('ENOSPC');
      },
      writeLater: async (bytes, at) => {
        const count = take(bytes.length, at);
        await real.writeLater(bytes.subarray(0, count), at);
        if (count < bytes.length) throw systemError('ENOSPC');
      },
      sync: () => real.sync(),
      syncNow: () => {
        real.syncNow();
      },
      readLater: (bytes, at) => real.readLater(bytes, at),
      truncate: (end) => {
        real.truncate(end);
      },
      close: () => {
        real.close();
      },
    };
  }

  syncFile(file: string): void {
    this.#assertWritable();
    realDisk.syncFile(file);
  }

  link(from: string, to: string): void {
    this.#assertWritable();
    realDisk.link(from, to);
  }

  rename(from: string, to: string): void {
    this.#assertWritable();
    realDisk.rename(from, to);
  }

  remove(file: string): void {
    this.#assertWritable();
    realDisk.remove(file);
  }

  makeDirectory(directory: string): void {
    this.#assertWritable();
    realDisk.makeDirectory(directory);
  }

  syncDirectory(directory: string): Promise<void> {
    return realDisk.syncDirectory(directory);
  }

  #assertWritable(): void {
    if (this.isReadOnly) throw systemError('EROFS');
  }
}
