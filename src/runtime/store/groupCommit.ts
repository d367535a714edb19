import type { Clock } from '../clock.ts';
import { toError, UserError } from '../errors.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Disk } from './disk.ts';
import { JournalWriter } from './journal.ts';
import type { Transaction } from './journalFormat.ts';
import { journalPath } from './storeFiles.ts';

export interface GroupCommitOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly clock: Clock;
  /** True once another process has taken the store over: nothing may be acknowledged any more. */
  readonly isFenced: () => boolean;
  /** Called after each flush, when none is under way. */
  readonly onDidFlush: () => void;
  /** The last transaction of the state that the journals follow; it is durable. */
  readonly sequence: number;
  /** Of the journal to begin with. */
  readonly generation: number;
}

/** A journal that was switched from: everything up to this transaction is in the journals up to this generation, durably. */
export interface FinishedJournal {
  readonly generation: number;
  readonly sequence: number;
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** How long nothing has to happen before the journal is sealed, in milliseconds. */
const sealAfterMs = 50;

/**
 * The journal that is being written, and those who wait until it is on the disk. All that wait when a flush begins share it;
 * who comes later shares the next one. The first failure is the last thing that happens: memory is ahead of the disk then.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #journal: JournalWriter;
  /** Resolves when the name of the journal is durable. */
  #named: Promise<void>;
  #sequence: number;
  #durableSequence: number;
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | null = null;
  #sealTimer: Disposable | null = null;
  #failure: Error | null = null;
  #isClosed = false;
  #announceFailure: (failure: Error) => void = () => undefined;

  /** Resolves with the reason once nothing can be written any more; never rejects. */
  readonly failed = new Promise<Error>((resolve) => {
    this.#announceFailure = resolve;
  });

  /** Creates the first journal. Throws system errors. */
  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#sequence = options.sequence;
    this.#durableSequence = options.sequence;
    this.#journal = this.#createJournal(options.generation);
    this.#named = this.#syncDirectory();
  }

  /** The sequence number of the newest transaction. */
  get sequence(): number {
    return this.#sequence;
  }

  get failure(): Error | null {
    return this.#failure;
  }

  get isFlushing(): boolean {
    return this.#flushing !== null;
  }

  /** What the present journal holds. */
  get size(): { readonly records: number; readonly bytes: number } {
    return { records: this.#journal.records, bytes: this.#journal.bytes };
  }

  /** Hands a transaction to the operating system. @throws UserError of kind `storage` */
  append(transaction: Transaction): void {
    this.#sequence += 1;
    this.#attempt(() => {
      this.#journal.append(this.#sequence, this.#options.clock.now(), transaction);
    });
  }

  /** Resolves when the given transaction, by default the newest, is on the disk and this process still owns the store. */
  durable(sequence = this.#sequence): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (sequence <= this.#durableSequence) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ sequence, resolve, reject });
      this.#flush();
    });
  }

  /** Resolves when the name of the present journal is durable. Rejects with system errors. */
  named(): Promise<void> {
    return this.#named;
  }

  /**
   * Makes everything durable and goes on in the next journal, at once; not while a flush is under way. Once the next journal
   * exists, it is the one to write to whatever comes: recovery reads its predecessor only up to it.
   * @throws UserError of kind `storage`
   */
  switchJournal(): FinishedJournal {
    const finished = this.#journal;
    const { generation } = finished;
    this.#attempt(() => {
      finished.syncNow();
      this.#acknowledge(this.#sequence);
      this.#journal = this.#createJournal(generation + 1);
    });
    this.#named = this.#syncDirectory();
    finished.close();
    return { generation, sequence: this.#sequence };
  }

  /** Resolves when no flush is under way. */
  async flushed(): Promise<void> {
    await this.#flushing;
  }

  /** Seals for good what is there. Call it when everything is durable. @throws UserError of kind `storage` */
  async finish(): Promise<void> {
    await this.flushed();
    this.#attempt(() => {
      this.#journal.seal(this.#sequence, this.#options.clock.now());
      this.#journal.syncNow();
    });
  }

  /** Lets go of the journal's file; makes nothing durable. */
  close(): void {
    this.#isClosed = true;
    this.#sealTimer?.dispose();
    this.#journal.close();
  }

  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = this.#flushBatch().finally(() => {
      this.#flushing = null;
      this.#options.onDidFlush();
      if (this.#waiters.length > 0 && !this.#failure) this.#flush();
      else this.#sealSoon();
    });
  }

  async #flushBatch(): Promise<void> {
    const covered = this.#sequence;
    try {
      await this.#named;
      await this.#journal.sync();
      this.#acknowledge(covered);
    } catch (error) {
      this.#fail(error);
    }
  }

  #acknowledge(covered: number): void {
    if (this.#options.isFenced())
      throw new UserError('owned_elsewhere', 'Another Reveille runtime took this folder over.');
    this.#durableSequence = covered;
    const ready = this.#waiters.filter((waiter) => waiter.sequence <= covered);
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > covered);
    for (const waiter of ready) waiter.resolve();
  }

  #sealSoon(): void {
    if (this.#journal.isSealed || this.#isClosed || this.#failure) return;
    this.#sealTimer?.dispose();
    this.#sealTimer = this.#options.clock.setTimeout(() => {
      this.#seal();
    }, sealAfterMs);
  }

  /** Only between flushes: a seal says that all before it is on the disk. */
  #seal(): void {
    if (this.#flushing || this.#isClosed || this.#failure || this.#sequence !== this.#durableSequence) return;
    try {
      this.#journal.seal(this.#sequence, this.#options.clock.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  #createJournal(generation: number): JournalWriter {
    const { disk, directory, clock } = this.#options;
    const start = { generation, baseSequence: this.#sequence, writtenAt: clock.now() };
    return JournalWriter.create(disk, journalPath(directory, generation), start);
  }

  /** Whoever needs it awaits it; a failure is theirs. */
  #syncDirectory(): Promise<void> {
    const synced = this.#options.disk.syncDirectory(this.#options.directory);
    synced.catch(() => undefined);
    return synced;
  }

  #attempt(work: () => void): void {
    if (this.#failure) throw this.#failure;
    try {
      work();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(cause: unknown): Error {
    this.#failure ??= cause instanceof UserError ? cause : unwritable(this.#options.directory, cause);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    this.#announceFailure(this.#failure);
    return this.#failure;
  }
}

/** What a system error that a write met with means to a person. */
export function unwritable(directory: string, cause: unknown): UserError {
  return new UserError(
    'storage',
    `Reveille could not write its state to ${directory} (${toError(cause).message}). Free space or make the folder writable, then run "Reveille: Restart Runtime".`,
    { cause },
  );
}
