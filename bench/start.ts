import { BareSpawner } from './support/bareSpawner.ts';
import type { Figure, Measurement } from './support/figure.ts';
import type { BenchFolder } from './support/openRuntime.ts';
import { makeQuietFolder } from './support/quietFolder.ts';
import { formatMs, median } from './support/statistics.ts';

const rounds = 9;
const goalMs = 300;
const histories = [0, 10_000];

/** From looking for a runtime, where none lives, until a client is authenticated, against a Node that does nothing. */
export const start: Figure = async (bench) => {
  const folders = await Promise.all(histories.map((runs) => makeQuietFolder(bench, runs)));
  for (const folder of folders) await startOnce(folder);
  using spawner = new BareSpawner();
  const bare: number[] = [];
  const ours: number[][] = folders.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await spawner.run(process.execPath, ['-e', '0']));
    for (const [index, folder] of folders.entries()) ours[index]?.push(await startOnce(folder));
  }
  const theirs = median(bare);
  return histories.map((runs, index): Measurement => {
    const mine = median(ours[index] ?? []);
    return {
      figure: `runtime: start → ready, ${runs === 0 ? 'empty store' : `store of ${String(runs)} runs`}`,
      ours: formatMs(mine),
      against: `${formatMs(theirs)} node -e 0`,
      ratio: mine / theirs,
      goal: `≤ ${String(goalMs)} ms`,
      isMet: mine <= goalMs,
    };
  });
};

async function startOnce(folder: BenchFolder): Promise<number> {
  const at = performance.now();
  const client = await folder.authenticate();
  const took = performance.now() - at;
  client.dispose();
  const window = await folder.connect();
  await window.stop();
  return took;
}
