import * as fs from 'node:fs';
import { open } from 'node:fs/promises';
import { systemErrorCode } from '../errors.ts';

/** A file that the store writes. Positions and lengths are in bytes. */
export interface DiskFile {
  /** Hands all bytes to the operating system. */
  write(bytes: Uint8Array, position: number): void;
  /** The same without holding the thread. */
  writeLater(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when everything written before the call is on the disk. */
  sync(): Promise<void>;
  /** The same, at once: the thread waits. */
  syncNow(): void;
  /** Fills `bytes` from a position; answers how many there were. */
  readLater(bytes: Uint8Array, position: number): Promise<number>;
  truncate(length: number): void;
  close(): void;
}

/**
 * The part of the file system that the store uses: everything it knows of durability goes through here, so that a test
 * can put a disk in its place that loses what was not flushed. All methods throw system errors.
 */
export interface Disk {
  /** The names in a directory. */
  list(directory: string): string[];
  read(path: string): Buffer;
  /** Creates a file that must not exist, for its owner only. */
  create(path: string): DiskFile;
  /** Makes the content of a file durable that an earlier process wrote, even if a flush of it failed then. */
  syncFile(path: string): void;
  /** Gives a file a second name; where there are no such names, a copy, durably. */
  link(from: string, to: string): void;
  /** Replaces `to`, if it exists, in one step. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  makeDirectory(path: string): void;
  /** Makes the entries of a directory durable: created, renamed and removed files. */
  syncDirectory(path: string): Promise<void>;
}

class RealFile implements DiskFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array, position: number): void {
    // It may write less than asked, without an error.
    for (let at = 0; at < bytes.length;) {
      at += fs.writeSync(this.#descriptor, bytes, at, bytes.length - at, position + at);
    }
  }

  async writeLater(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#writePart(bytes, at, position + at);
  }

  #writePart(bytes: Uint8Array, at: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#descriptor, bytes, at, bytes.length - at, position, (error, written) => {
        if (error) reject(error);
        else resolve(written);
      });
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  syncNow(): void {
    fs.fdatasyncSync(this.#descriptor);
  }

  readLater(bytes: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, bytes, 0, bytes.length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.#descriptor, length);
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** The file system of this machine. */
export const realDisk: Disk = {
  list: (directory) => fs.readdirSync(directory),
  read: (path) => fs.readFileSync(path),
  create: (path) => new RealFile(fs.openSync(path, 'wx+', 0o600)),
  syncFile: (path) => {
    const file = new RealFile(fs.openSync(path, 'r+'));
    try {
      // A flush that failed leaves pages that are read but count as written: only writing them again makes them durable.
      file.write(fs.readFileSync(path), 0);
      file.syncNow();
    } finally {
      file.close();
    }
  },
  link: (from, to) => {
    try {
      fs.linkSync(from, to);
    } catch (error) {
      if (['EEXIST', 'ENOSPC', 'EROFS', 'EIO'].includes(systemErrorCode(error) ?? '')) throw error;
      const file = new RealFile(fs.openSync(to, 'wx', 0o600));
      try {
        file.write(fs.readFileSync(from), 0);
        file.syncNow();
      } finally {
        file.close();
      }
    }
  },
  rename: (from, to) => {
    fs.renameSync(from, to);
  },
  remove: (path) => {
    fs.rmSync(path, { force: true });
  },
  makeDirectory: (path) => {
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  syncDirectory: async (path) => {
    // Windows has no such thing: its file system journals directory entries by itself.
    if (process.platform === 'win32') return;
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
