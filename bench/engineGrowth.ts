import { rmSync } from 'node:fs';
import path from 'node:path';
import { AgentQueue } from './support/agentQueue.ts';
import { compare } from './support/comparison.ts';
import type { Bench, Figure, Measurement } from './support/figure.ts';
import { ProcessorWatch } from './support/processorWatch.ts';
import { writeHistory } from './support/longHistory.ts';
import { loadNativeSqlite } from './support/nativeSqlite.ts';
import { formatMs, median } from './support/statistics.ts';
import { makeDiskFolder, wasmPathOf } from './support/storeFixture.ts';

const slots = 8;
const agents = 100;
const shortQueue = 100;
/** What is left out at the beginning: the runtime has just started, and says once of each run what it waits for. */
const warmUp = 100;
const goal = { atMost: 1.3 };

/** What one run costs the runtime; milliseconds. */
interface Cost {
  readonly processorMs: number;
  readonly tookMs: number;
}

/** The two sides of a comparison. */
interface Side {
  readonly queue: AgentQueue;
  /** How many are left in the queue when the last of the measured runs has settled. */
  readonly left: number;
}

/**
 * What a run costs with a short and a long queue behind it, with agents that run side by side and with agents of one
 * directory, of which one runs at a time while slots are free; and with and without a long history.
 */
export const engineGrowth: Figure = async (bench) => {
  const { long, history } = bench.isShort ? { long: 1000, history: 5000 } : { long: 5000, history: 100_000 };
  const [beside, inTurn] = [
    { agents, slots },
    { agents, slots, sharesCwd: false },
  ];
  return [
    ...(await measure(bench, `a run with ${String(long)} queued`, [
      { queue: await AgentQueue.open(bench, beside), left: long },
      { queue: await AgentQueue.open(bench, beside), left: shortQueue },
    ])),
    ...(await measure(bench, `a run with ${String(long)} queued for one directory`, [
      { queue: await AgentQueue.open(bench, inTurn), left: long },
      { queue: await AgentQueue.open(bench, inTurn), left: shortQueue },
    ])),
    ...(await measure(bench, `a run with one agent's ${String(long)} queued`, [
      { queue: await AgentQueue.open(bench, { ...inTurn, agents: 1 }), left: long },
      { queue: await AgentQueue.open(bench, { ...inTurn, agents: 1 }), left: shortQueue },
    ])),
    ...(await measure(
      bench,
      `a run after ${String(history)}`,
      [
        {
          queue: await AgentQueue.open(bench, { ...beside, history: await makeHistory(bench, history) }),
          left: shortQueue,
        },
        { queue: await AgentQueue.open(bench, beside), left: shortQueue },
      ],
      'after none',
    )),
  ];
};

async function makeHistory(bench: Bench, runs: number): Promise<string> {
  bench.say(`  a history of ${String(runs)} runs …`);
  const file = path.join(makeDiskFolder(bench), 'history.db');
  await writeHistory(await loadNativeSqlite(bench), file, {
    runs,
    scopes: agents,
    wasmPath: wasmPathOf(bench.production),
  });
  return file;
}

async function measure(
  bench: Bench,
  figure: string,
  sides: readonly [Side, Side],
  rival = `with ${String(shortQueue)}`,
): Promise<Measurement[]> {
  const { rounds, runs } = bench.isShort ? { rounds: 1, runs: 100 } : { rounds: 5, runs: 400 };
  bench.say(`  ${figure} …`);
  const costs: [Cost[], Cost[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    costs[0].push(await measureOnce(sides[0], runs));
    costs[1].push(await measureOnce(sides[1], runs));
  }
  for (const { queue } of sides) rmSync(await queue.folder.store(), { recursive: true });
  const line = (what: string, which: keyof Cost): Measurement => {
    const [ours = 0, theirs = 0] = costs.map((side) => median(side.map((cost) => cost[which])));
    return compare(`${figure}: ${what}`, { ours, theirs }, { rival, format: formatMs, goal });
  };
  return [line('processor time', 'processorMs'), line('time', 'tookMs')];
}

/** Works off a part of a queue; the next round throws the rest away. */
async function measureOnce({ queue, left }: Side, runs: number): Promise<Cost> {
  await queue.fill(warmUp + runs + left);
  const window = await queue.folder.connect();
  const watch = new ProcessorWatch(window.pid);
  await queue.whenSettled(window, warmUp + runs);
  const samples = watch.stop();
  const times = await queue.times(window, warmUp + runs);
  await window.stop();
  const [begin, end] = [times[warmUp]?.finishedAt ?? 0, times.at(-1)?.finishedAt ?? 0];
  const [first, last] = [samples.find(({ at }) => at >= begin), samples.findLast(({ at }) => at <= end)];
  if (!first || !last || first.at >= last.at) throw new Error('It was over too soon to be measured.');
  const settled = times.filter(({ finishedAt }) => finishedAt > first.at && finishedAt <= last.at).length;
  return { processorMs: (last.usedMs - first.usedMs) / settled, tookMs: (last.at - first.at) / settled };
}
