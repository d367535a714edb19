import type { Reader, Writer } from '../../src/runtime/store/store.ts';

/** What the same statements are executed on: the store, sql.js alone, or a native SQLite. */
export interface StoreEngine extends Reader {
  /** One transaction; synchronous. */
  transact<T>(work: (writer: Writer) => T): T;
  /** Resolves when the newest transaction is as safe as this engine makes it. */
  durable(): Promise<void>;
  close(): Promise<void>;
}
