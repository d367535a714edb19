import { systemClock, type Clock } from '../clock.ts';
import { systemErrorCode, toError, UserError } from '../errors.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { toStorable, type Database, type Row } from './database.ts';
import { realDisk, type Disk } from './disk.ts';
import { JournalWriter } from './journal.ts';
import type { Operation, Transaction } from './journalFormat.ts';
import { applyMigration, schemaOf } from './migrate.ts';
import { migrations } from './migrations.ts';
import { openState, type OpenedState } from './openState.ts';
import { writeSnapshot } from './snapshot.ts';
import { dropSuperseded, journalPath, snapshotPath } from './storeFiles.ts';
import { keepBeforeMigration } from './keptImages.ts';

/** Reading access to the state; what tables' queries take. */
export interface Reader {
  all(sql: string, params?: Row): Row[];
  get(sql: string, params?: Row): Row | undefined;
}

/** Writing access inside a transaction. Statements must not depend on the clock, chance or row order: they are replayed. */
export interface Writer extends Reader {
  run(sql: string, params?: Row): void;
}

export interface StoreOptions {
  /** Exists, is private, and is owned by this process. */
  readonly directory: string;
  readonly wasmPath: string;
  readonly logger: Logger;
  /** True once another process has taken the store over: nothing may be acknowledged any more. */
  readonly isFenced: () => boolean;
  /** Default: this machine's. */
  readonly disk?: Disk;
  readonly clock?: Clock;
  /** The transaction after which a damaged state may be continued; see `DamagedStateError`. */
  readonly continueAfter?: number | undefined;
  /** Records in a journal after which a snapshot is written. */
  readonly checkpointRecords?: number;
  /** Default: those of this build; a test takes fewer to have a store of an earlier version. */
  readonly migrations?: readonly string[];
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const defaultCheckpointRecords = 10_000;
const checkpointBytes = 8 * 1024 * 1024;
const maxJournals = 8;
/** A journal shorter than this is not worth a snapshot when the store closes. */
const worthwhileRecords = 1000;
/** How long nothing has to happen before the journal is sealed, in milliseconds. */
const sealAfterMs = 50;
/** Free pages are given back when there are this many, 4 KiB each, and they are this share of all. */
const loosePages = 256;
const looseShare = 0.3;

/**
 * The only state. A transaction is applied in memory and handed to the journal in one go; it is durable, and may be
 * acknowledged, when `durable(sequence)` resolves. Transactions that wait together share one disk flush.
 */
export class Store implements Reader {
  /** Sentences about what recovery met with, for a person; empty after an ordinary start. */
  readonly remarks: readonly string[];
  readonly #database: Database;
  readonly #options: StoreOptions;
  readonly #disk: Disk;
  readonly #clock: Clock;
  #journal: JournalWriter;
  /** Resolves when the name of the journal is durable. */
  #journalNamed: Promise<void>;
  #journalsSinceSnapshot: number;
  #sequence: number;
  #durableSequence: number;
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | null = null;
  #open: Operation[] | null = null;
  #failure: Error | null = null;
  #checkpointing: Promise<void> | null = null;
  #sealTimer: Disposable | null = null;
  #announceFailure: (failure: Error) => void = () => undefined;
  #closed = false;

  private constructor(options: StoreOptions, state: OpenedState) {
    this.remarks = state.remarks;
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#clock = options.clock ?? systemClock;
    this.#database = state.database;
    this.#sequence = state.sequence;
    this.#durableSequence = state.sequence;
    this.#journalsSinceSnapshot = state.journals + 1;
    this.#journal = this.#createJournal(state.nextGeneration);
    this.#journalNamed = this.#syncDirectory();
  }

  /**
   * Recovers the state from disk and migrates it to the newest schema.
   * @throws DamagedStateError; UserError of kind `storage` (unwritable) or `version` (written by a newer Reveille)
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { disk = realDisk, clock = systemClock, logger, directory } = options;
    try {
      const state = await openState({ ...options, disk, now: clock.now() });
      for (const remark of state.remarks) logger.warn('Store recovery', remark);
      return await Store.#start(options, state);
    } catch (error) {
      throw systemErrorCode(error) === undefined ? error : unwritable(directory, error);
    }
  }

  static async #start(options: StoreOptions, state: OpenedState): Promise<Store> {
    let store: Store | null = null;
    try {
      store = new Store(options, state);
      await store.#journalNamed;
      await store.#migrate();
      await store.durable();
      store.#checkpointIfDue();
      return store;
    } catch (error) {
      if (store) store.#release();
      else state.database.close();
      throw error;
    }
  }

  /** Resolves with the reason once the state cannot be written any more, whoever met with it first; never rejects. */
  readonly failed = new Promise<Error>((resolve) => {
    this.#announceFailure = resolve;
  });

  /** The sequence number of the newest transaction; 0 for an empty store. */
  get sequence(): number {
    return this.#sequence;
  }

  all(sql: string, params?: Row): Row[] {
    return this.#database.all(sql, params && toStorable(params));
  }

  get(sql: string, params?: Row): Row | undefined {
    return this.#database.get(sql, params && toStorable(params));
  }

  /**
   * Runs `work` as one transaction; if it throws, nothing of it happened. Synchronous: await `durable()` before telling anybody.
   * @throws UserError of kind `storage` once a write to the disk has failed
   */
  transact<T>(work: (writer: Writer) => T): T {
    this.#assertWritable();
    const operations: Operation[] = [];
    this.#database.execute('BEGIN');
    this.#open = operations;
    let result: T;
    try {
      result = work(this.#writer);
    } catch (error) {
      this.#database.execute('ROLLBACK');
      throw error;
    } finally {
      this.#open = null;
    }
    if (operations.length === 0) {
      this.#database.execute('ROLLBACK');
      return result;
    }
    this.#database.execute('COMMIT');
    this.#record({ operations });
    return result;
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

  /** The whole state as a plain SQLite database, once it is durable. */
  async backUp(): Promise<Uint8Array> {
    await this.durable();
    return this.#database.export();
  }

  /** Makes everything durable, leaves a snapshot if reopening would otherwise replay much, and closes. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sealTimer?.dispose();
    try {
      await this.#checkpointing;
      if (!this.#failure) await this.#finish();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    try {
      this.#journal.close();
    } finally {
      this.#database.close();
    }
  }

  readonly #writer: Writer = {
    all: (sql, params) => this.all(sql, params),
    get: (sql, params) => this.get(sql, params),
    run: (sql, params = []) => {
      if (!this.#open) throw new Error('A transaction was used after its end.');
      const storable = toStorable(params);
      this.#database.run(sql, storable);
      this.#open.push([sql, storable]);
    },
  };

  #record(transaction: Transaction): void {
    this.#sequence += 1;
    try {
      this.#journal.append(this.#sequence, this.#clock.now(), transaction);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = this.#flushBatch().finally(() => {
      this.#flushing = null;
      this.#checkpointIfDue();
      if (this.#waiters.length > 0 && !this.#failure) this.#flush();
      else this.#sealSoon();
    });
  }

  async #flushBatch(): Promise<void> {
    const covered = this.#sequence;
    try {
      await this.#journalNamed;
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
    if (this.#journal.isSealed || this.#closed || this.#failure) return;
    this.#sealTimer?.dispose();
    this.#sealTimer = this.#clock.setTimeout(() => {
      this.#seal();
    }, sealAfterMs);
  }

  /** Only between flushes: a seal says that all before it is on the disk. */
  #seal(): void {
    if (this.#flushing || this.#closed || this.#failure || this.#sequence !== this.#durableSequence) return;
    try {
      this.#journal.seal(this.#sequence, this.#clock.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  #checkpointIfDue(): void {
    const limit = this.#options.checkpointRecords ?? defaultCheckpointRecords;
    const { records, bytes } = this.#journal;
    const isDue = records >= limit || bytes >= checkpointBytes || this.#journalsSinceSnapshot > maxJournals;
    if (!isDue || this.#checkpointing || this.#flushing || this.#closed || this.#failure) return;
    this.#checkpointing = this.#tryCheckpoint().finally(() => {
      this.#checkpointing = null;
    });
  }

  /** Nothing depends on a snapshot: without it the journals are longer. */
  async #tryCheckpoint(): Promise<void> {
    try {
      await this.#checkpoint();
    } catch (error) {
      this.#options.logger.error('Writing a snapshot of the store failed', toError(error));
      // The next attempt costs another journal: not before the present one is long again, or the store is opened anew.
      this.#journalsSinceSnapshot = 1;
    }
  }

  /**
   * Flush, switch to the next journal and export are one synchronous block, begun while no other flush is under way: the
   * snapshot holds exactly the transactions of the journals before it, and none that could still be lost. Once the next
   * journal exists, it is the one to write to, whatever becomes of the snapshot: recovery reads its predecessor only up to it.
   */
  async #checkpoint(): Promise<void> {
    const { directory } = this.#options;
    const finished = this.#journal;
    const { generation } = finished;
    const sequence = this.#sequence;
    try {
      finished.syncNow();
      this.#acknowledge(sequence);
      this.#journal = this.#createJournal(generation + 1);
    } catch (error) {
      throw this.#fail(error);
    }
    this.#journalNamed = this.#syncDirectory();
    this.#journalsSinceSnapshot += 1;
    finished.close();
    if (this.#isLoose()) this.#database.execute('VACUUM');
    const image = this.#database.export();
    const writtenAt = this.#clock.now();
    await this.#journalNamed;
    await writeSnapshot(this.#disk, snapshotPath(directory, generation), { generation, sequence, writtenAt, image });
    this.#journalsSinceSnapshot = 1;
    if (!this.#options.isFenced()) dropSuperseded(this.#disk, directory);
  }

  /** Pruning leaves free pages, which every export would copy. */
  #isLoose(): boolean {
    const [free] = this.#database.get('PRAGMA freelist_count') ?? [];
    const [all] = this.#database.get('PRAGMA page_count') ?? [];
    return Number(free) >= loosePages && Number(free) > looseShare * Number(all);
  }

  async #finish(): Promise<void> {
    await this.durable();
    await this.#flushing;
    const { records } = this.#journal;
    if (records > worthwhileRecords || this.#journalsSinceSnapshot >= maxJournals) await this.#tryCheckpoint();
    if (this.#failure) throw this.#failure;
    try {
      this.#journal.seal(this.#sequence, this.#clock.now());
      this.#journal.syncNow();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async #migrate(): Promise<void> {
    const { directory, migrations: steps = migrations } = this.#options;
    const schema = schemaOf(this.#database);
    if (schema >= steps.length) return;
    if (schema > 0) {
      const kept = { schema, image: this.#database.export(), at: this.#clock.now() };
      await keepBeforeMigration(this.#disk, directory, kept);
    }
    for (let version = schema + 1; version <= steps.length; version += 1) {
      applyMigration(this.#database, version, steps);
      this.#record({ migrate: version });
    }
  }

  #createJournal(generation: number): JournalWriter {
    const start = { generation, baseSequence: this.#sequence, writtenAt: this.#clock.now() };
    return JournalWriter.create(this.#disk, journalPath(this.#options.directory, generation), start);
  }

  /** Whoever needs it awaits it; a failure is theirs. */
  #syncDirectory(): Promise<void> {
    const synced = this.#disk.syncDirectory(this.#options.directory);
    synced.catch(() => undefined);
    return synced;
  }

  #assertWritable(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closed) throw new Error('The store is closed.');
    if (this.#open) throw new Error('Transactions do not nest.');
  }

  /** After a failed write, memory is ahead of the disk: nothing is acknowledged or written any more. */
  #fail(cause: unknown): Error {
    this.#failure ??= cause instanceof UserError ? cause : unwritable(this.#options.directory, cause);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    this.#announceFailure(this.#failure);
    return this.#failure;
  }
}

function unwritable(directory: string, cause: unknown): UserError {
  return new UserError(
    'storage',
    `Reveille could not write its state to ${directory} (${toError(cause).message}). Free space or make the folder writable, then run "Reveille: Restart Runtime".`,
    { cause },
  );
}
