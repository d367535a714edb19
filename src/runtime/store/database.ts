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

  /** Executes one statement. */
  run(sql: string, params: Row = []): void {
    const statement = this.#prepare(sql);
    try {
      statement.bind([...params]);
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
      statement.bind([...params]);
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
      statement.bind([...params]);
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

/**
 * Parameters as they are stored, so that a database and its replayed copy are equal, and what is read is what was written:
 * lone surrogates and NUL characters in texts are replaced, a byte order mark before a text is dropped, NaN is NULL, -0 is 0.
 * @throws RangeError for an infinite number, which the journal cannot say
 */
export function toStorable(params: Row): Row {
  return params.map((value) => {
    if (typeof value === 'string') return toText(value);
    if (typeof value !== 'number' || Number.isInteger(value)) return value === 0 ? 0 : value;
    if (Number.isFinite(value)) return value;
    if (Number.isNaN(value)) return null;
    throw new RangeError('An infinite number cannot be stored.');
  });
}

function toText(value: string): string {
  const text = value.toWellFormed();
  const whole = text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
  return whole.startsWith('\ufeff') ? whole.replace(/^\ufeff+/, '') : whole;
}
