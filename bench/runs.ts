import { statSync } from 'node:fs';
import path from 'node:path';
import { BareSpawner } from './support/bareSpawner.ts';
import type { Figure } from './support/figure.ts';
import { BenchFolder, type BenchConnection } from './support/openRuntime.ts';
import { formatMs, median } from './support/statistics.ts';

const rounds = 5;
const count = 200;
const slots = 8;
const goal = 2.5;

const configuration = `
agents:
  worker: { adapter: process, command: "true", shareCwd: true, heartbeat: { maxConcurrentRuns: ${String(slots)} } }
`;

/** Many short runs at full width, each with its rows and its log, against bare spawns of the same program. */
export const runs: Figure = async ({ production }) => {
  const folder = new BenchFolder(production, configuration, ['--slots', String(slots)]);
  await using window = await folder.connect();
  await window.acceptAll();
  using spawner = new BareSpawner();
  const spawnMany = () => spawner.runMany('true', { count, width: slots });
  await spawnMany();
  await runMany(window, -1);
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await spawnMany());
    ours.push(await runMany(window, round));
  }
  const [mine, theirs] = [median(ours), median(bare)];
  return [
    {
      figure: `${String(count)} runs of true, ${String(slots)} slots`,
      ours: formatMs(mine),
      against: `${formatMs(theirs)} bare spawns`,
      ratio: mine / theirs,
      goal: `≤ ${String(goal)} ×`,
      isMet: mine / theirs <= goal,
    },
  ];
};

/** Milliseconds from the first request until the window has seen the last run succeed. */
async function runMany(window: BenchConnection, round: number): Promise<number> {
  const at = performance.now();
  const settled = new Set<string>();
  const watch = window.connection.onDidChange(() => {
    for (const run of window.state.runs.values()) if (run.status === 'succeeded') settled.add(run.id);
  });
  const tasks = Array.from({ length: count }, (_, task) => `round ${String(round)} task ${String(task)}`);
  const ids = await Promise.all(tasks.map((taskKey) => window.wake('worker', taskKey)));
  await window.until(() => ids.every((id) => settled.has(id)));
  const took = performance.now() - at;
  watch.dispose();
  await assertComplete(window, ids);
  return took;
}

/** @throws Error unless each run has its row and its log */
async function assertComplete(window: BenchConnection, ids: readonly string[]): Promise<void> {
  const { runs: rows } = await window.connection.request('run.list', { limit: count });
  const complete = new Set(rows.filter((run) => run.status === 'succeeded' && run.exitCode === 0).map(({ id }) => id));
  const logs = path.join(window.state.runtime.storePath, 'logs');
  for (const id of ids) {
    if (!complete.has(id)) throw new Error(`Run ${id} has no complete row.`);
    statSync(path.join(logs, `${id}.log`));
  }
}
