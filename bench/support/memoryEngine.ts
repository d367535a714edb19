import { Database, type Row } from '../../src/runtime/store/database.ts';
import type { Writer } from '../../src/runtime/store/store.ts';
import type { StoreEngine } from './storeEngine.ts';

/** sql.js with nothing around it: the floor of what a transaction of the store can cost. */
export class MemoryEngine implements StoreEngine {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  static async open(image: Uint8Array, wasmPath: string): Promise<MemoryEngine> {
    return new MemoryEngine(await Database.open(image, wasmPath));
  }

  all(sql: string, params?: Row): Row[] {
    return this.#database.all(sql, params);
  }

  get(sql: string, params?: Row): Row | undefined {
    return this.#database.get(sql, params);
  }

  transact<T>(work: (writer: Writer) => T): T {
    this.#database.execute('BEGIN');
    const result = work(this.#database);
    this.#database.execute('COMMIT');
    return result;
  }

  durable(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }
}
