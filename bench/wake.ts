import { BareSpawner } from './support/bareSpawner.ts';
import type { Figure } from './support/figure.ts';
import { BenchFolder, type BenchConnection } from './support/openRuntime.ts';
import { formatMs, percentile } from './support/statistics.ts';

const rounds = 50;
const goal = 3;
/** Says when it began, in nanoseconds of the wall clock: about the first thing that it does. */
const program = ['/bin/date', '+%s%N'] as const;

const configuration = `
agents:
  clock: { adapter: process, command: ${program[0]}, args: ["${program[1]}"] }
`;

/** How long from asking for a run until its program runs, against `child_process.spawn` of the same program. */
export const wake: Figure = async ({ production }) => {
  using spawner = new BareSpawner();
  await using window = await new BenchFolder(production, configuration).connect();
  await window.acceptAll();
  const ours: number[] = [];
  const bare: number[] = [];
  await Promise.all([wakeOnce(window, -1), spawnOnce(spawner)]);
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await spawnOnce(spawner));
    ours.push(await wakeOnce(window, round));
  }
  return [0.5, 0.95].map((share) => {
    const [mine, theirs] = [percentile(ours, share), percentile(bare, share)];
    return {
      figure: `wake → first instruction of the child, p${String(share * 100)} of ${String(rounds)}`,
      ours: formatMs(mine),
      against: `${formatMs(theirs)} bare spawn`,
      ratio: mine / theirs,
      goal: `≤ ${String(goal)} ×`,
      isMet: mine / theirs <= goal,
    };
  });
};

async function spawnOnce(spawner: BareSpawner): Promise<number> {
  const { askedAt, output } = await spawner.read(program[0], [program[1]]);
  return Number(output) / 1e6 - askedAt;
}

async function wakeOnce(window: BenchConnection, round: number): Promise<number> {
  const at = now();
  const runId = await window.wake('clock', `round ${String(round)}`);
  await window.succeeded(runId);
  const { text } = await window.connection.request('log.read', { runId, offset: 0, maxBytes: 1024 });
  return Number(text) / 1e6 - at;
}

/** The wall clock in milliseconds, exact to microseconds. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
