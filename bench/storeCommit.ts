import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bareAppends } from './support/bareAppends.ts';
import { work, type Sample } from './support/clients.ts';
import { compare, type RatioGoal } from './support/comparison.ts';
import type { Bench, Figure, Measurement } from './support/figure.ts';
import { writeHistory } from './support/longHistory.ts';
import { MemoryEngine } from './support/memoryEngine.ts';
import { NativeEngine } from './support/nativeEngine.ts';
import { loadNativeSqlite } from './support/nativeSqlite.ts';
import { formatUs, mean, median, percentile } from './support/statistics.ts';
import { journalBytes, linkStore, makeDiskFolder, makeStore, openStore, wasmPathOf } from './support/storeFixture.ts';

const history = 2_000;
const warmUpRuns = 32;
const noCheckpoint = 1_000_000;
const goalBytes = 300;
const bareBytes = 250;
const pragmas = 'PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA foreign_keys = ON';

type Contender = 'memory' | 'written' | 'one' | 'eight' | 'many' | 'full' | 'normal' | 'bare';
type Round = (runs: number) => Promise<Sample>;

/**
 * Transactions of heartbeat runs on the store, on sql.js with nothing around it and on a native SQLite: the same statements on
 * copies of the same database. For the store two times count: how long the caller's thread is held, and until the transaction
 * is on the disk. "Written" is a transaction that nobody waits for; it survives the death of the process.
 */
export const storeCommit: Figure = async (bench) => {
  const { name, contenders, bytesPerTransaction } = await prepare(bench);
  const { rounds, runs } = bench.isShort ? { rounds: 1, runs: 64 } : { rounds: 5, runs: 384 };
  const names = Object.keys(contenders) as Contender[];
  const samples = Object.fromEntries(names.map((one) => [one, [] as Sample[]])) as Record<Contender, Sample[]>;
  for (const one of names) await contenders[one](warmUpRuns);
  for (let round = 0; round < rounds; round += 1) {
    for (const one of names) samples[one].push(await contenders[one](runs));
  }
  return [...latencies(samples, name), ...throughput(samples, name), bytes(bytesPerTransaction())];
};

async function prepare(bench: Bench): Promise<{
  readonly name: string;
  readonly contenders: Readonly<Record<Contender, Round>>;
  readonly bytesPerTransaction: () => number;
}> {
  const sqlite = await loadNativeSqlite(bench);
  const [folder, wasmPath] = [makeDiskFolder(bench), wasmPathOf(bench.production)];
  const [file, store] = [path.join(folder, 'base.db'), path.join(folder, 'store')];
  const { scopes } = await writeHistory(sqlite, file, { runs: history, scopes: 32, wasmPath });
  await makeStore(store, file);
  let bytesPerTransaction = 0;
  const onStore =
    (clients: number, isPatient: boolean): Round =>
    async (runs) => {
      using copy = linkStore(store);
      const engine = await openStore(copy.path, wasmPath, { checkpointRecords: noCheckpoint });
      const before = journalBytes(copy.path);
      const sample = await work(engine, scopes.slice(0, clients), { runs, isPatient });
      bytesPerTransaction = (journalBytes(copy.path) - before) / sample.held.length;
      await engine.close();
      return sample;
    };
  const onNative =
    (synchronous: 'FULL' | 'NORMAL'): Round =>
    async (runs) => {
      const copy = path.join(folder, 'native.db');
      copyFileSync(file, copy);
      const setting = `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; ${pragmas}`;
      const engine = new NativeEngine(sqlite.open(copy), setting);
      const sample = await work(engine, scopes.slice(0, 1), { runs, isPatient: true });
      await engine.close();
      rmSync(copy);
      return sample;
    };
  const inMemory: Round = async (runs) => {
    const engine = await MemoryEngine.open(readFileSync(file), wasmPath);
    const sample = await work(engine, scopes.slice(0, 1), { runs, isPatient: true });
    await engine.close();
    return sample;
  };
  return {
    name: sqlite.name,
    contenders: {
      memory: inMemory,
      written: onStore(1, false),
      normal: onNative('NORMAL'),
      one: onStore(1, true),
      bare: (runs) => bareAppends(path.join(folder, 'bare.log'), { bytes: bareBytes, count: runs * 8 }),
      full: onNative('FULL'),
      eight: onStore(8, true),
      many: onStore(32, true),
    },
    bytesPerTransaction: () => bytesPerTransaction,
  };
}

type Samples = Readonly<Record<Contender, readonly Sample[]>>;
type Side = readonly [who: Contender, what: 'held' | 'durable'];

function latencies(samples: Samples, name: string): Measurement[] {
  const at = ([who, what]: Side, share: number): number =>
    median(samples[who].map((sample) => percentile(sample[what], share)));
  const line = (figure: string, sides: { ours: Side; theirs: Side; rival: string }, goal?: RatioGoal): Measurement[] =>
    [0.5, 0.95].map((share) =>
      compare(
        `${figure}, p${String(share * 100)}`,
        { ours: at(sides.ours, share), theirs: at(sides.theirs, share) },
        { rival: sides.rival, format: formatUs, ...(goal && share === 0.5 && { goal }) },
      ),
    );
  const [normal, full] = [`${name} WAL NORMAL`, `${name} WAL FULL`];
  return [
    ...line(
      'commit: written',
      { ours: ['written', 'held'], theirs: ['normal', 'held'], rival: normal },
      { atMost: 1.2 },
    ),
    ...line(
      'commit: thread held, 8 clients',
      { ours: ['eight', 'held'], theirs: ['memory', 'held'], rival: 'sql.js in memory' },
      { atMost: 2.5 },
    ),
    ...line(
      'commit: durable, 1 client',
      { ours: ['one', 'durable'], theirs: ['bare', 'durable'], rival: 'bare write and flush' },
      { atMost: 2.5 },
    ),
    ...line('commit: durable, 1 client', { ours: ['one', 'durable'], theirs: ['full', 'durable'], rival: full }),
    ...line('commit: thread held, 1 client', { ours: ['one', 'held'], theirs: ['full', 'held'], rival: full }),
    ...line('commit: durable, 8 clients', { ours: ['eight', 'durable'], theirs: ['full', 'durable'], rival: full }),
    ...line('commit: durable, 32 clients', { ours: ['many', 'durable'], theirs: ['full', 'durable'], rival: full }),
    compare(
      'a read of a heartbeat run, mean',
      {
        ours: median(samples.eight.map(({ reads }) => mean(reads))),
        theirs: median(samples.normal.map(({ reads }) => mean(reads))),
      },
      { rival: normal, format: formatUs, goal: { atMost: 2 } },
    ),
  ];
}

function throughput(samples: Samples, name: string): Measurement[] {
  const perSecond = (who: Contender): number =>
    median(samples[who].map(({ transactionsPerSecond }) => transactionsPerSecond));
  const line = (figure: string, ours: Contender, theirs: 'full' | 'normal', goal?: RatioGoal): Measurement =>
    compare(
      `transactions a second: ${figure}`,
      { ours: perSecond(ours), theirs: perSecond(theirs) },
      {
        rival: `${name} WAL ${theirs.toUpperCase()}`,
        format: (value) => `${value.toFixed(0)}/s`,
        ...(goal && { goal }),
      },
    );
  return [
    line('1 client', 'one', 'full'),
    line('8 clients', 'eight', 'full'),
    line('32 clients', 'many', 'full', { atLeast: 2.5 }),
    line('32 clients', 'many', 'normal', { atLeast: 0.7 }),
    line('written', 'written', 'normal'),
  ];
}

function bytes(perTransaction: number): Measurement {
  return {
    figure: 'bytes of journal a transaction',
    ours: `${perTransaction.toFixed(0)} B`,
    against: '',
    ratio: null,
    goal: `≤ ${String(goalBytes)} B`,
    isMet: perTransaction <= goalBytes,
  };
}
