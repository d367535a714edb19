/** The process behind `askStore`: does one thing with a store and says what that took, so that its memory is its own. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../../src/runtime/store/database.ts';
import { writeSetting } from '../../src/runtime/store/settingTable.ts';
import type { Store } from '../../src/runtime/store/store.ts';
import { askQuestions, type Answers } from './historyQuestions.ts';
import { peakResidentBytes, residentBytes } from './linuxProcess.ts';
import { LoopWatch } from './loopWatch.ts';
import { newestSnapshot, openStore } from './storeFixture.ts';

const settleMs = 500;
/** More than the free pages of an image. */
const growthBytes = 200_000;
const quietCommits = 300;
const checkpointRecords = 600;

export type StoreOrder =
  | { readonly kind: 'open'; readonly directory: string; readonly wasmPath: string }
  | { readonly kind: 'read'; readonly file: string }
  | { readonly kind: 'ask'; readonly directory: string; readonly wasmPath: string; readonly runs: number }
  | { readonly kind: 'checkpoint'; readonly directory: string; readonly wasmPath: string; readonly rounds: number }
  | { readonly kind: 'export'; readonly file: string; readonly wasmPath: string; readonly rounds: number };

/** Times in milliseconds, memory in bytes. */
export interface StoreAnswers {
  readonly open: Opened;
  readonly read: Loaded;
  readonly ask: Answers;
  /** The longest time for which the loop stood still, in each round. */
  readonly checkpoint: { readonly paused: readonly number[]; readonly quiet: readonly number[] };
  readonly export: { readonly exported: readonly number[]; readonly copied: readonly number[] };
}

export interface Opened extends Loaded {
  /** How long the first transaction takes for which the image has to grow; sql.js then copies it. The peak contains that. */
  readonly firstGrowthMs: number;
}

export interface Loaded {
  readonly tookMs: number;
  /** Of the whole process: half a second later, and at most. */
  readonly bytes: number;
  readonly peakBytes: number;
}

async function carryOut(asked: StoreOrder): Promise<StoreAnswers[StoreOrder['kind']]> {
  switch (asked.kind) {
    case 'open':
      return open(asked);
    case 'read':
      return (await load(async () => readFileSync(asked.file)))[1];
    case 'ask':
      return askQuestions(await openStore(asked.directory, asked.wasmPath), asked);
    case 'checkpoint':
      return checkpoint(asked);
    case 'export':
      return exportImage(asked);
  }
}

async function open({ directory, wasmPath }: { directory: string; wasmPath: string }): Promise<Opened> {
  // What sql.js needs to come up does not depend on the store.
  await (await openStore(mkdtempSync(`${directory}-empty-`), wasmPath)).close();
  const [store, loaded] = await load(() => openStore(directory, wasmPath));
  const at = performance.now();
  store.transact((writer) => {
    writeSetting(writer, 'bench', 'x'.repeat(growthBytes));
  });
  const firstGrowthMs = performance.now() - at;
  return { ...loaded, peakBytes: peakResidentBytes(process.pid), firstGrowthMs };
}

async function load<T>(work: () => Promise<T>): Promise<readonly [T, Loaded]> {
  const at = performance.now();
  const result = await work();
  const tookMs = performance.now() - at;
  await delay(settleMs);
  return [result, { tookMs, bytes: residentBytes(process.pid), peakBytes: peakResidentBytes(process.pid) }];
}

async function checkpoint(asked: {
  directory: string;
  wasmPath: string;
  rounds: number;
}): Promise<StoreAnswers['checkpoint']> {
  const store = await openStore(asked.directory, asked.wasmPath, { checkpointRecords });
  const paused: number[] = [];
  const quiet: number[] = [];
  await untilCheckpoint(store, asked.directory);
  for (let round = 0; round < asked.rounds; round += 1) {
    const before = new LoopWatch();
    for (let count = 0; count < quietCommits; count += 1) await commitOne(store);
    quiet.push(before.stop());
    const during = new LoopWatch();
    await untilCheckpoint(store, asked.directory);
    paused.push(during.stop());
  }
  return { paused, quiet };
}

async function untilCheckpoint(store: Store, directory: string): Promise<void> {
  const before = newestSnapshot(directory);
  for (let count = 0; newestSnapshot(directory) === before; count += 1) {
    if (count > 100 * checkpointRecords) throw new Error('There was no checkpoint.');
    await commitOne(store);
  }
}

async function commitOne(store: Store): Promise<void> {
  const { sequence } = store;
  store.transact((writer) => {
    writeSetting(writer, `bench-${String(sequence % 100)}`, String(sequence));
  });
  await store.durable();
}

async function exportImage(asked: { file: string; wasmPath: string; rounds: number }): Promise<StoreAnswers['export']> {
  const image = readFileSync(asked.file);
  const database = await Database.open(image, asked.wasmPath);
  const exported: number[] = [];
  const copied: number[] = [];
  for (let round = 0; round <= asked.rounds; round += 1) {
    const at = performance.now();
    database.export();
    const between = performance.now();
    new Uint8Array(image);
    const end = performance.now();
    if (round === 0) continue;
    exported.push(between - at);
    copied.push(end - between);
  }
  return { exported, copied };
}

const [order = '{}'] = process.argv.slice(2);
void carryOut(JSON.parse(order) as StoreOrder).then((answer) => {
  process.send?.(answer, () => {
    process.exit(0);
  });
});
