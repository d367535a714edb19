import path from 'node:path';
import { countSucceeded, work } from './support/clients.ts';
import { compare } from './support/comparison.ts';
import type { Figure } from './support/figure.ts';
import { writeHistory } from './support/longHistory.ts';
import { loadNativeSqlite } from './support/nativeSqlite.ts';
import { median } from './support/statistics.ts';
import { copyStore, linkStore, makeDiskFolder, makeStore, openStore, wasmPathOf } from './support/storeFixture.ts';

const transactionsOfRun = 8;
const noCheckpoint = 1_000_000;

/** Opening a store whose journal has to be replayed, as after a crash, against how fast that journal was written. */
export const storeReplay: Figure = async (bench) => {
  const { rounds, runs } = bench.isShort ? { rounds: 1, runs: 200 } : { rounds: 5, runs: 1_200 };
  const sqlite = await loadNativeSqlite(bench);
  const [folder, wasmPath] = [makeDiskFolder(bench), wasmPathOf(bench.production)];
  const [file, store] = [path.join(folder, 'base.db'), path.join(folder, 'store')];
  const { scopes } = await writeHistory(sqlite, file, { runs: 2_000, scopes: 1, wasmPath });
  await makeStore(store, file);
  const written: number[] = [];
  const replayed: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    using original = linkStore(store);
    const engine = await openStore(original.path, wasmPath, { checkpointRecords: noCheckpoint });
    const { transactionsPerSecond } = await work(engine, scopes, { runs, isPatient: false });
    using left = copyStore(original.path);
    const succeeded = countSucceeded(engine);
    await engine.close();
    const at = performance.now();
    const reopened = await openStore(left.path, wasmPath, { checkpointRecords: noCheckpoint });
    const took = performance.now() - at;
    if (countSucceeded(reopened) !== succeeded) throw new Error('What was written is not what was replayed.');
    await reopened.close();
    if (round === 0) continue;
    written.push(transactionsPerSecond);
    replayed.push((runs * transactionsOfRun * 1000) / took);
  }
  return [
    compare(
      `transactions a second: replay of ${String(runs * transactionsOfRun)} at opening`,
      { ours: median(replayed), theirs: median(written) },
      { rival: 'written', format: (value) => `${value.toFixed(0)}/s`, goal: { atLeast: 1.5 } },
    ),
  ];
};
