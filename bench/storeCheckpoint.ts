import { statSync } from 'node:fs';
import path from 'node:path';
import { compare } from './support/comparison.ts';
import type { Bench, Figure, Measurement } from './support/figure.ts';
import { writeHistory } from './support/longHistory.ts';
import { loadNativeSqlite } from './support/nativeSqlite.ts';
import { formatMb, formatMs, median } from './support/statistics.ts';
import { askStore } from './support/storeChild.ts';
import { makeDiskFolder, makeStore, wasmPathOf } from './support/storeFixture.ts';

const goalMsPerMb = 4;
/** Their images have about 10 and 50 MB. */
const histories = [10_400, 51_300];

/** What a checkpoint holds the runtime up, with a client committing all the time; and what copying the image out costs. */
export const storeCheckpoint: Figure = async (bench) => {
  const sizes = bench.isShort ? [1_500] : histories;
  const measurements: Measurement[] = [];
  for (const runs of sizes) measurements.push(...(await measure(bench, runs)));
  return measurements;
};

async function measure(bench: Bench, runs: number): Promise<Measurement[]> {
  const rounds = bench.isShort ? 1 : 5;
  const sqlite = await loadNativeSqlite(bench);
  const [folder, wasmPath] = [makeDiskFolder(bench), wasmPathOf(bench.production)];
  const [file, directory] = [path.join(folder, 'base.db'), path.join(folder, 'store')];
  await writeHistory(sqlite, file, { runs, scopes: 8, wasmPath });
  await makeStore(directory, file);
  const { paused, quiet } = await askStore(bench, { kind: 'checkpoint', directory, wasmPath, rounds });
  const { exported, copied } = await askStore(bench, { kind: 'export', file, wasmPath, rounds });
  const bytes = statSync(file).size;
  const [pause, goal] = [median(paused), (bytes / 1e6) * goalMsPerMb];
  const perMb = (value: number): string => `${value.toFixed(2)} ms/MB`;
  return [
    {
      figure: `longest pause of the loop in a checkpoint of ${formatMb(bytes)}`,
      ours: formatMs(pause),
      against: `${formatMs(median(quiet))} without one`,
      ratio: pause / median(quiet),
      goal: `≤ ${String(goalMsPerMb)} ms/MB`,
      isMet: pause <= goal,
    },
    compare(
      `export of ${formatMb(bytes)}`,
      { ours: median(exported) / (bytes / 1e6), theirs: median(copied) / (bytes / 1e6) },
      { rival: 'memcpy', format: perMb, goal: { atMost: 4 } },
    ),
  ];
}
