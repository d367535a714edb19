import { AgentQueue } from './support/agentQueue.ts';
import { BareSpawner } from './support/bareSpawner.ts';
import { compare } from './support/comparison.ts';
import type { Figure } from './support/figure.ts';
import { median } from './support/statistics.ts';

const slots = 8;
const agents = 100;

/** A long queue of many agents that is worked off at full width, against bare spawns of the same program. */
export const engineDrain: Figure = async (bench) => {
  const { rounds, runs } = bench.isShort ? { rounds: 1, runs: 500 } : { rounds: 3, runs: 5000 };
  const queue = await AgentQueue.open(bench, { agents, slots });
  using spawner = new BareSpawner();
  await spawner.runMany('true', { count: 200, width: slots });
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const tookMs = await spawner.runMany('true', { count: runs, width: slots });
    bare.push((runs * 1000) / tookMs);
    await queue.fill(runs);
    await using window = await queue.folder.connect();
    await queue.whenSettled(window, runs);
    const times = await queue.times(window, runs);
    const startedAt = Math.min(...times.map((run) => run.startedAt));
    ours.push((runs * 1000) / ((times.at(-1)?.finishedAt ?? 0) - startedAt));
  }
  return [
    compare(
      `${String(runs)} queued runs of true, ${String(agents)} agents, ${String(slots)} slots: worked off`,
      { ours: median(ours), theirs: median(bare) },
      { rival: 'bare spawns', format: (value) => `${value.toFixed(0)}/s`, goal: { atLeast: 0.4 } },
    ),
  ];
};
