import initSqlJs, { type Database as SqlDatabase, type SqlJsStatic, type Statement } from 'sql.js';

/** What a column holds. Numbers beyond 2^53 are not used; booleans are stored as 0 and 1. */
export type SqlValue = string | number | null;
export type Row = readonly SqlValue[];

const cachedStatements = 200;
const pragmas =
  'PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536; PRAGMA foreign_keys=ON;';

let loading: Promise<SqlJsStatic> | undefined;

/** The only user of sql.js: an SQLite database in memory with a cache of prepared statements. */
export class Database {
  readonly #sql: SqlDatabase;
  readonly #statements = new Map<string, Statement>();

  private constructor(sql: SqlDatabase) {
    this.#sql = sql;
    this.#sql.exec(pragmas);
  }

  /**
   * Opens an image, or an empty database for null.
   * @param wasmPath absolute path of `sql-wasm.wasm`; the first call of the process decides
   */
  static async open(image: Uint8Array | null, wasmPath: string): Promise<Database> {
    loading ??= initSqlJs({ locateFile: () => wasmPath });
    const { Database: SqlJs } = await loading;
    return new Database(new SqlJs(image));
  }

  /** Executes one statement. Lone surrogates in texts are replaced, so that live and replayed databases are equal. */
  run(sql: string, params: Row = []): void {
    const statement = this.#prepare(sql);
    try {
      statement.bind(wellFormed(params));
      statement.step();
    } finally {
      statement.reset();
    }
  }

  /** All rows of a query, each an array in the order of its columns. */
  all(sql: string, params: Row = []): Row[] {
    const statement = this.#prepare(sql);
    const rows: Row[] = [];
    try {
      statement.bind(wellFormed(params));
      while (statement.step()) rows.push(statement.get() as Row);
    } finally {
      statement.reset();
    }
    return rows;
  }

  /** The first row of a query, or undefined. */
  get(sql: string, params: Row = []): Row | undefined {
    const statement = this.#prepare(sql);
    try {
      statement.bind(wellFormed(params));
      return statement.step() ? (statement.get() as Row) : undefined;
    } finally {
      statement.reset();
    }
  }

  /** Executes several statements without parameters, as migrations do. */
  execute(script: string): void {
    this.#sql.exec(script);
  }

  /** The whole database as a file image. Must not be called inside a transaction. */
  export(): Uint8Array {
    return this.#sql.export();
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.free();
    this.#statements.clear();
    this.#sql.close();
  }

  #prepare(sql: string): Statement {
    const cached = this.#statements.get(sql);
    if (cached) {
      this.#statements.delete(sql);
      this.#statements.set(sql, cached);
      return cached;
    }
    const statement = this.#sql.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > cachedStatements) this.#dropOldest();
    return statement;
  }

  #dropOldest(): void {
    const [sql, statement] = this.#statements.entries().next().value ?? [];
    if (sql === undefined || !statement) return;
    statement.free();
    this.#statements.delete(sql);
  }
}

function wellFormed(params: Row): SqlValue[] {
  return params.map((value) => (typeof value === 'string' ? value.toWellFormed() : value));
}
