import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import * as path from 'node:path';
import type { SessionBooks } from '../adapters/adapter.ts';
import type { AgentEvent, EventReader } from '../adapters/events.ts';
import type { OutputStage } from './outputStage.ts';

/** Where a book may lie, as its adapter says. */
export type BookPlace = NonNullable<ReturnType<SessionBooks['locate']>>;

/** Folders that are looked into for one book: years of days. */
const mostFolders = 5000;
const chunkBytes = 256 * 1024;
/** A pipe in the place of a file must not be waited for; Windows has neither. */
const readFlags = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);

/** Looks for a book, in folders with later names first. Null if it is not there (yet). Never rejects. */
export async function findBook(place: BookPlace): Promise<string | null> {
  const waiting: Pick<BookPlace, 'folder' | 'depth'>[] = [place];
  for (let looked = 0; looked < mostFolders; looked += 1) {
    const next = waiting.pop();
    if (next === undefined) return null;
    // A folder that cannot be read has no book for us.
    const entries = await readdir(next.folder, { withFileTypes: true }).catch(() => []);
    const book = entries.find((entry) => entry.isFile() && place.isBook(entry.name));
    if (book !== undefined) return path.join(next.folder, book.name);
    if (next.depth === 0) continue;
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (const name of names.sort()) waiting.push({ folder: path.join(next.folder, name), depth: next.depth - 1 });
  }
  return null;
}

/** Reads one book as it grows. What was written there is an agent's, and is read like any output. */
export class BookFile {
  readonly path: string;
  readonly #begin: (isWhole: boolean) => EventReader;
  readonly #redact: OutputStage | null;
  #reader: EventReader | null = null;
  #offset = 0;

  constructor(options: {
    readonly path: string;
    /** Makes its reader, told whether it is read from its beginning. */
    readonly begin: (isWhole: boolean) => EventReader;
    readonly redact: OutputStage | null;
  }) {
    this.path = options.path;
    this.#begin = options.begin;
    this.#redact = options.redact;
  }

  /**
   * Tells what was added since the last time; of more than `maxBytes` only the end. Ends early once `isOver`.
   * @throws system errors
   */
  async readOn(maxBytes: number, tell: (event: AgentEvent) => void, isOver: () => boolean): Promise<void> {
    const file = await open(this.path, readFlags);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size <= this.#offset) return;
      // The line in which reading goes on is half, and says nothing.
      this.#offset = Math.max(this.#offset, stat.size - maxBytes);
      this.#reader ??= this.#begin(this.#offset === 0);
      await this.#readTo(file, stat.size, { tell, isOver });
    } finally {
      await file.close();
    }
  }

  /** Tells what only its end says. */
  end(tell: (event: AgentEvent) => void): void {
    const reader = this.#reader;
    if (reader === null) return;
    const rest = this.#redact?.end() ?? Buffer.alloc(0);
    for (const event of [...reader.push(rest, 'out'), ...reader.end()]) tell(event);
  }

  async #readTo(
    file: FileHandle,
    size: number,
    { tell, isOver }: { readonly tell: (event: AgentEvent) => void; readonly isOver: () => boolean },
  ): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, size - this.#offset));
    while (this.#offset < size) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - this.#offset), this.#offset);
      if (bytesRead === 0 || isOver()) return;
      this.#offset += bytesRead;
      // A copy: stages keep what they were given.
      const chunk = Buffer.from(buffer.subarray(0, bytesRead));
      const bytes = this.#redact === null ? chunk : this.#redact.push(chunk);
      for (const event of this.#reader?.push(bytes, 'out') ?? []) tell(event);
    }
  }
}
