import { systemClock, type Clock } from '../clock.ts';
import { systemErrorCode, toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { toStorable, type Database, type Row } from './database.ts';
import { realDisk, type Disk } from './disk.ts';
import { GroupCommit, unwritable } from './groupCommit.ts';
import type { Operation } from './journalFormat.ts';
import { applyMigration, schemaOf } from './migrate.ts';
import { migrations } from './migrations.ts';
import { openState, type OpenedState } from './openState.ts';
import { writeSnapshot } from './snapshot.ts';
import { dropSuperseded, snapshotPath } from './storeFiles.ts';
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

const defaultCheckpointRecords = 10_000;
const checkpointBytes = 8 * 1024 * 1024;
const maxJournals = 8;
/** A journal shorter than this is not worth a snapshot when the store closes. */
const worthwhileRecords = 1000;
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
  readonly #commits: GroupCommit;
  #journalsSinceSnapshot: number;
  /** The operations of the transaction that is open. */
  #open: Operation[] | null = null;
  #checkpointing: Promise<void> | null = null;
  #closed = false;

  private constructor(options: StoreOptions, state: OpenedState) {
    this.remarks = state.remarks;
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#clock = options.clock ?? systemClock;
    this.#database = state.database;
    this.#journalsSinceSnapshot = state.journals + 1;
    this.#commits = new GroupCommit({
      disk: this.#disk,
      directory: options.directory,
      clock: this.#clock,
      isFenced: options.isFenced,
      onDidFlush: () => {
        this.#checkpointIfDue();
      },
      sequence: state.sequence,
      generation: state.nextGeneration,
    });
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
      await store.#commits.named();
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
  get failed(): Promise<Error> {
    return this.#commits.failed;
  }

  /** The sequence number of the newest transaction; 0 for an empty store. */
  get sequence(): number {
    return this.#commits.sequence;
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
    this.#commits.append({ operations });
    return result;
  }

  /** Resolves when the given transaction, by default the newest, is on the disk and this process still owns the store. */
  durable(sequence?: number): Promise<void> {
    return this.#commits.durable(sequence);
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
    try {
      await this.#checkpointing;
      if (!this.#commits.failure) await this.#finish();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    try {
      this.#commits.close();
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

  #checkpointIfDue(): void {
    const limit = this.#options.checkpointRecords ?? defaultCheckpointRecords;
    const { size, isFlushing, failure } = this.#commits;
    const isDue = size.records >= limit || size.bytes >= checkpointBytes || this.#journalsSinceSnapshot > maxJournals;
    if (!isDue || this.#checkpointing || isFlushing || this.#closed || failure) return;
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
   * Flush, switch to the next journal and export are one synchronous block, begun while no flush is under way: the snapshot
   * holds exactly the transactions of the journals before it, and none that could still be lost.
   */
  async #checkpoint(): Promise<void> {
    const { directory } = this.#options;
    const { generation, sequence } = this.#commits.switchJournal();
    this.#journalsSinceSnapshot += 1;
    if (this.#isLoose()) this.#database.execute('VACUUM');
    const image = this.#database.export();
    const writtenAt = this.#clock.now();
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
    const { records } = this.#commits.size;
    if (records > worthwhileRecords || this.#journalsSinceSnapshot >= maxJournals) {
      await this.#commits.flushed();
      await this.#tryCheckpoint();
    }
    await this.#commits.finish();
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
      this.#commits.append({ migrate: version });
    }
  }

  #assertWritable(): void {
    if (this.#commits.failure) throw this.#commits.failure;
    if (this.#closed) throw new Error('The store is closed.');
    if (this.#open) throw new Error('Transactions do not nest.');
  }
}
