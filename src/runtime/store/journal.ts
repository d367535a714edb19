import type { Disk, DiskFile } from './disk.ts';
import { encodeHeader, headerBytes, makeSalt, seedOf } from './fileHeader.ts';
import { encodeRecord, type EncodedOperation, type Transaction } from './journalFormat.ts';

/** Space is taken in steps, in bytes: a flush that does not change the file's length is a quarter cheaper. */
const stepBytes = 256 * 1024;

export interface JournalStart {
  readonly generation: number;
  /** The transaction before the first of this journal. */
  readonly baseSequence: number;
  /** Epoch ms. */
  readonly writtenAt: number;
}

/** Writes one journal file. Bytes are in the operating system's hands when `append` returns; `sync` makes them durable. */
export class JournalWriter {
  readonly generation: number;
  readonly #file: DiskFile;
  readonly #seed: number;
  readonly #dictionary = new Map<string, number>();
  #bytes = headerBytes;
  #reserved: number;
  #durableBytes = headerBytes;
  #records = 0;
  #isSealed = true;

  private constructor(file: DiskFile, start: JournalStart, seed: number, reserved: number) {
    this.#file = file;
    this.generation = start.generation;
    this.#seed = seed;
    this.#reserved = reserved;
  }

  /**
   * Creates the file, which must not exist, and makes its content durable; its name is not until its directory was
   * flushed. Throws system errors, and then leaves no file.
   */
  static create(disk: Disk, path: string, start: JournalStart): JournalWriter {
    const file = disk.create(path);
    try {
      const salt = makeSalt();
      const content = { length: 0, contentCrc: 0, salt };
      const { generation, baseSequence: sequence, writtenAt } = start;
      const head = Buffer.alloc(stepBytes);
      encodeHeader({ kind: 'journal', generation, sequence, writtenAt, ...content }).copy(head);
      file.write(head, 0);
      file.syncNow();
      return new JournalWriter(file, start, seedOf(salt), stepBytes);
    } catch (error) {
      file.close();
      disk.remove(path);
      throw error;
    }
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  /** True while no transaction follows the last seal. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** Appends a transaction. `writtenAt` is epoch ms. Throws system errors; then the file is not to be written any more. */
  append(sequence: number, writtenAt: number, transaction: Transaction): void {
    this.#write(sequence, writtenAt, this.#encode(transaction));
    this.#records += 1;
    this.#isSealed = false;
  }

  /** Says behind the last transaction how much is on the disk, so that damage to it shows later. Needs no flush itself. */
  seal(sequence: number, writtenAt: number): void {
    if (this.#isSealed) return;
    this.#write(sequence, writtenAt, null);
    this.#isSealed = true;
  }

  /** Resolves when everything appended before the call is on the disk. */
  async sync(): Promise<void> {
    const covered = this.#bytes;
    await this.#file.sync();
    this.#durableBytes = Math.max(this.#durableBytes, covered);
  }

  /** The same, at once: the thread waits. */
  syncNow(): void {
    const covered = this.#bytes;
    this.#file.syncNow();
    this.#durableBytes = covered;
  }

  /** Gives back the space that was not used, if that works, and closes the file. */
  close(): void {
    try {
      this.#file.truncate(this.#bytes);
    } catch {
      // Then it stays longer than needed; nothing in it is lost.
    }
    this.#file.close();
  }

  #write(sequence: number, writtenAt: number, value: unknown): void {
    const payload = Buffer.from(JSON.stringify(value), 'utf8');
    const record = encodeRecord({ sequence, writtenAt, durableOffset: this.#durableBytes }, payload, this.#seed);
    this.#reserve(record.length);
    this.#file.write(record, this.#bytes);
    this.#bytes += record.length;
  }

  #reserve(bytes: number): void {
    const steps = Math.ceil((this.#bytes + bytes - this.#reserved) / stepBytes);
    if (steps <= 0) return;
    this.#file.write(Buffer.alloc(steps * stepBytes), this.#reserved);
    this.#reserved += steps * stepBytes;
  }

  #encode(transaction: Transaction): unknown {
    if ('migrate' in transaction) return { m: transaction.migrate };
    return transaction.operations.map(([sql, params]): EncodedOperation => {
      const known = this.#dictionary.get(sql);
      if (known !== undefined) return [known, ...params];
      this.#dictionary.set(sql, this.#dictionary.size);
      return [sql, ...params];
    });
  }
}
