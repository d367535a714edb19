import { createRequire } from 'node:module';

/** Where the tests find SQLite. */
export const wasmPath = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
