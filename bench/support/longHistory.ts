import { writeFileSync } from 'node:fs';
import { Database } from '../../src/runtime/store/database.ts';
import { applyMigration, latestSchema } from '../../src/runtime/store/migrate.ts';
import { insertQueuedRun, markRunSettled, markRunStarted, setRunProcess } from '../../src/runtime/store/runTable.ts';
import type { Writer } from '../../src/runtime/store/store.ts';
import { recordUsage } from '../../src/runtime/store/usageTable.ts';
import { insertWakeup } from '../../src/runtime/store/wakeupTable.ts';
import { NativeEngine } from './nativeEngine.ts';
import type { NativeSqlite } from './nativeSqlite.ts';
import {
  addScopes,
  nextId,
  processOf,
  reportedUsage,
  runOf,
  settlementOf,
  wakeupOf,
  workFolder,
  workMs,
  type Scope,
} from './workRows.ts';

/** Milliseconds from one run to the next: 100 000 runs in the 90 days that are kept by default. */
const paceMs = (90 * 86_400_000) / 100_000;
const perTransaction = 10_000;
const fastPragmas = 'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144';

/** A database with a past, as a plain SQLite file. */
export interface LongHistory {
  readonly file: string;
  readonly runs: number;
  /** Who may go on working in it. */
  readonly scopes: readonly Scope[];
}

/**
 * Writes a database with so many settled runs, the last of them about now, by the statements that the product uses. It is
 * written by a native SQLite because that needs neither the memory nor the time; the format is the same.
 */
export async function writeHistory(
  sqlite: NativeSqlite,
  file: string,
  options: { readonly runs: number; readonly scopes: number; readonly wasmPath: string },
): Promise<LongHistory> {
  const { runs } = options;
  writeFileSync(file, await emptyImage(options.wasmPath));
  const engine = new NativeEngine(sqlite.open(file), fastPragmas);
  const scopes = engine.transact((writer) => addScopes(writer, options.scopes));
  const startAt = Date.now() - runs * paceMs;
  for (let first = 0; first < runs; first += perTransaction) {
    engine.transact((writer) => {
      for (let number = first; number < Math.min(runs, first + perTransaction); number += 1) {
        const scope = scopes[number % scopes.length];
        if (scope) addSettledRun(writer, scope, { number: number + 1, at: Math.floor(startAt + number * paceMs) });
      }
    });
  }
  await engine.close();
  return { file, runs, scopes };
}

async function emptyImage(wasmPath: string): Promise<Uint8Array> {
  const database = await Database.open(null, wasmPath);
  for (let version = 1; version <= latestSchema; version += 1) applyMigration(database, version);
  const image = database.export();
  database.close();
  return image;
}

/** A run that ended long ago, with its wakeup and its share of the roll-up, in as few statements as that takes. */
function addSettledRun(writer: Writer, { agent, issueId }: Scope, past: { number: number; at: number }): void {
  const { number, at } = past;
  const finishedAt = at + workMs;
  const runId = nextId(at);
  const asked = { id: nextId(at), agent, taskKey: issueId, issueId, runId, requestedAt: at };
  insertWakeup(writer, { ...wakeupOf(asked), number, status: 'completed', endedAt: finishedAt });
  insertQueuedRun(writer, { ...runOf({ ...asked, id: runId }), number });
  markRunStarted(writer, runId, {
    at,
    cursor: number,
    commandLine: 'npm run check',
    cwd: workFolder,
    adapter: 'process',
  });
  setRunProcess(writer, runId, processOf(number));
  markRunSettled(writer, runId, settlementOf(finishedAt));
  recordUsage(writer, { at: finishedAt, agent, issueId, isFailed: false, runMs: workMs, usage: reportedUsage });
}
