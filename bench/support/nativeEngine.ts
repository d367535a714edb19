import type { Row } from '../../src/runtime/store/database.ts';
import type { Writer } from '../../src/runtime/store/store.ts';
import type { StoreEngine } from './storeEngine.ts';

/** A prepared statement of either native SQLite; rows are arrays. */
export interface NativeStatement {
  all(params: Row): Row[];
  get(params: Row): Row | undefined;
  run(params: Row): void;
}

/** A database file as either native SQLite opens it. */
export interface NativeDatabase {
  prepare(sql: string): NativeStatement;
  execute(script: string): void;
  close(): void;
}

/** A native SQLite that works on a file, with the statements it has prepared. What `durable` promises is up to its pragmas. */
export class NativeEngine implements StoreEngine, Writer {
  readonly #database: NativeDatabase;
  readonly #statements = new Map<string, NativeStatement>();

  constructor(database: NativeDatabase, pragmas: string) {
    this.#database = database;
    database.execute(pragmas);
  }

  all(sql: string, params: Row = []): Row[] {
    return this.#prepare(sql).all(params);
  }

  get(sql: string, params: Row = []): Row | undefined {
    return this.#prepare(sql).get(params);
  }

  run(sql: string, params: Row = []): void {
    this.#prepare(sql).run(params);
  }

  execute(script: string): void {
    this.#database.execute(script);
  }

  transact<T>(work: (writer: Writer) => T): T {
    this.run('BEGIN IMMEDIATE');
    const result = work(this);
    this.run('COMMIT');
    return result;
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#statements.clear();
    this.#database.close();
    return Promise.resolve();
  }

  #prepare(sql: string): NativeStatement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
