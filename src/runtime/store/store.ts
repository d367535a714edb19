import { toError, UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Database, type Row } from './database.ts';
import { JournalWriter, type Operation, type Transaction } from './journal.ts';
import { applyMigration, latestSchema } from './migrate.ts';
import { syncDirectory, writeSnapshot } from './snapshot.ts';
import { dropSuperseded, journalPath, recover, snapshotPath, type Recovery } from './storeFiles.ts';

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
  /** Records in a journal after which a snapshot is written. */
  readonly checkpointRecords?: number;
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const defaultCheckpointRecords = 10_000;
const checkpointBytes = 8 * 1024 * 1024;
const maxJournals = 8;

/**
 * The only state. A transaction is applied in memory and handed to the journal in one go; it is durable, and may be
 * acknowledged, when `durable(sequence)` resolves. Transactions that wait together share one disk flush.
 */
export class Store implements Reader {
  readonly #database: Database;
  readonly #options: StoreOptions;
  #journal: JournalWriter;
  #journalsSinceSnapshot: number;
  #sequence: number;
  #durableSequence: number;
  #waiters: Waiter[] = [];
  #flushing: Promise<void> | null = null;
  #open: Operation[] | null = null;
  #failure: Error | null = null;
  #checkpointing: Promise<void> | null = null;
  #announceFailure: (failure: Error) => void = () => undefined;
  #closed = false;

  private constructor(options: StoreOptions, database: Database, recovery: Recovery) {
    this.#options = options;
    this.#database = database;
    this.#sequence = recovery.sequence;
    this.#durableSequence = recovery.sequence;
    this.#journalsSinceSnapshot = recovery.journals + 1;
    const generation = recovery.nextGeneration;
    this.#journal = JournalWriter.create(journalPath(options.directory, generation), generation, recovery.sequence);
  }

  /**
   * Recovers the state from disk and migrates it to the newest schema.
   * @throws UserError of kind `storage` (damaged, unwritable) or `version` (written by a newer Reveille)
   */
  static async open(options: StoreOptions): Promise<Store> {
    const recovery = recover(options.directory);
    for (const remark of recovery.remarks) options.logger.warn('Store recovery', remark);
    const database = await Database.open(recovery.image, options.wasmPath);
    try {
      for (const { transaction } of recovery.records) replay(database, transaction);
      assertKnownSchema(database);
      const store = new Store(options, database, recovery);
      await syncDirectory(options.directory);
      store.#migrate();
      await store.durable();
      return store;
    } catch (error) {
      database.close();
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
    return this.#database.all(sql, params);
  }

  get(sql: string, params?: Row): Row | undefined {
    return this.#database.get(sql, params);
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

  /** Makes everything durable, leaves a snapshot if reopening would otherwise replay much, and closes. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#checkpointing;
      if (!this.#failure) {
        await this.durable();
        await this.#flushing;
        if (this.#journal.records > 1_000 || this.#journalsSinceSnapshot >= maxJournals) await this.#checkpoint();
      }
    } finally {
      this.#journal.close();
      this.#database.close();
    }
  }

  readonly #writer: Writer = {
    all: (sql, params) => this.#database.all(sql, params),
    get: (sql, params) => this.#database.get(sql, params),
    run: (sql, params = []) => {
      if (!this.#open) throw new Error('A transaction was used after its end.');
      this.#database.run(sql, params);
      this.#open.push([sql, params]);
    },
  };

  #record(transaction: Transaction): void {
    this.#sequence += 1;
    try {
      this.#journal.append(this.#sequence, transaction);
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
    });
  }

  async #flushBatch(): Promise<void> {
    const covered = this.#sequence;
    try {
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

  #checkpointIfDue(): void {
    const limit = this.#options.checkpointRecords ?? defaultCheckpointRecords;
    const isDue = this.#journal.records >= limit || this.#journal.bytes >= checkpointBytes;
    if (!isDue || this.#checkpointing || this.#closed || this.#failure) return;
    this.#checkpointing = this.#checkpoint()
      .catch((error: unknown) => {
        this.#options.logger.error('Writing a snapshot of the store failed', toError(error));
      })
      .finally(() => {
        this.#checkpointing = null;
      });
  }

  /**
   * Flush, export and the switch to the next journal are one synchronous block, begun while no other flush is under way: the
   * snapshot holds exactly the transactions of the journals before it, and none that could still be lost.
   */
  async #checkpoint(): Promise<void> {
    const { directory } = this.#options;
    const finished = this.#journal;
    const sequence = this.#sequence;
    try {
      finished.syncNow();
      this.#acknowledge(sequence);
    } catch (error) {
      throw this.#fail(error);
    }
    const image = this.#database.export();
    const generation = finished.generation;
    this.#journal = JournalWriter.create(journalPath(directory, generation + 1), generation + 1, sequence);
    this.#journalsSinceSnapshot = 1;
    finished.close();
    await syncDirectory(directory);
    await writeSnapshot(snapshotPath(directory, generation), { generation, sequence, image });
    dropSuperseded(directory);
  }

  #migrate(): void {
    for (let version = schemaOf(this.#database) + 1; version <= latestSchema; version += 1) {
      applyMigration(this.#database, version);
      this.#record({ migrate: version });
    }
  }

  #assertWritable(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closed) throw new Error('The store is closed.');
    if (this.#open) throw new Error('Transactions do not nest.');
  }

  /** After a failed write, memory is ahead of the disk: nothing is acknowledged or written any more. */
  #fail(cause: unknown): Error {
    this.#failure ??=
      cause instanceof UserError
        ? cause
        : new UserError(
            'storage',
            `Reveille could not write its state to ${this.#options.directory} (${toError(cause).message}). Free space or make the folder writable, then run "Reveille: Restart Runtime".`,
            { cause },
          );
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    this.#announceFailure(this.#failure);
    return this.#failure;
  }
}

function replay(database: Database, transaction: Transaction): void {
  if ('migrate' in transaction) {
    applyMigration(database, transaction.migrate);
    return;
  }
  database.execute('BEGIN');
  for (const [sql, params] of transaction.operations) database.run(sql, params);
  database.execute('COMMIT');
}

function schemaOf(database: Database): number {
  const [version] = database.get('PRAGMA user_version') ?? [];
  return Number(version ?? 0);
}

function assertKnownSchema(database: Database): void {
  if (schemaOf(database) <= latestSchema) return;
  throw new UserError(
    'version',
    'The state of this folder was written by a newer version of Reveille. Update the extension (Reload Window to update); nothing was changed.',
  );
}
