import { unwatchFile, watchFile } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FolderConnection } from '../connection/connection.ts';
import type { Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/log.ts';
import { parseLogLine } from './logLine.ts';

const pollMs = 2000;
/** What is shown of a log that existed before this window. */
const recentBytes = 16_384;
const pieceBytes = 65_536;

/** Repeats the log files of the folders' runtimes in a log channel, each line at its own level. */
export class RuntimeLogs implements Disposable {
  readonly #log: Logger;
  readonly #connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly #tails = new Map<string, LogFileTail>();
  readonly #subscription: Disposable;

  constructor(
    connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> },
    log: Logger,
  ) {
    this.#connections = connections;
    this.#log = log;
    this.#subscription = connections.onDidChange(() => {
      this.#update();
    });
    this.#update();
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const tail of this.#tails.values()) tail.dispose();
    this.#tails.clear();
  }

  #update(): void {
    const wanted = new Map<string, string>();
    for (const folder of this.#connections.folders) {
      if (folder.state !== null) wanted.set(folder.state.runtime.logPath, folder.name);
    }
    for (const [path, tail] of this.#tails) {
      if (wanted.has(path)) continue;
      tail.dispose();
      this.#tails.delete(path);
    }
    for (const [path, name] of wanted) {
      if (!this.#tails.has(path)) this.#tails.set(path, new LogFileTail(path, name, this.#log));
    }
  }
}

class LogFileTail implements Disposable {
  readonly #path: string;
  readonly #folder: string;
  readonly #log: Logger;
  #offset: number | null = null;
  #rest = Buffer.alloc(0);
  #reading: Promise<void> = Promise.resolve();
  #isDisposed = false;
  readonly #onStat = (): void => {
    this.#reading = this.#reading.then(() => this.#read());
  };

  constructor(path: string, folder: string, log: Logger) {
    this.#path = path;
    this.#folder = folder;
    this.#log = log;
    watchFile(path, { interval: pollMs, persistent: false }, this.#onStat);
    this.#onStat();
  }

  dispose(): void {
    this.#isDisposed = true;
    unwatchFile(this.#path, this.#onStat);
  }

  async #read(): Promise<void> {
    try {
      await this.#readNew();
    } catch {
      // The file does not exist yet, or is being rotated: the next change of it tells.
    }
  }

  async #readNew(): Promise<void> {
    const file = await open(this.#path, 'r');
    try {
      const { size } = await file.stat();
      this.#offset ??= Math.max(0, size - recentBytes);
      if (size < this.#offset) this.#offset = 0;
      const buffer = Buffer.alloc(pieceBytes);
      while (this.#offset < size && !this.#isDisposed) {
        const { bytesRead } = await file.read(buffer, 0, pieceBytes, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        this.#push(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }

  #push(bytes: Buffer): void {
    const all = Buffer.concat([this.#rest, bytes]);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = Buffer.from(all.subarray(end));
    for (const line of all.subarray(0, end).toString('utf8').split('\n')) {
      if (line.trim() === '') continue;
      const { level, text } = parseLogLine(line);
      this.#log[level](`[${this.#folder}] ${text}`);
    }
  }
}
