import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Figure, Measurement } from './support/figure.ts';
import { processorMs } from './support/linuxProcess.ts';
import { BenchFolder } from './support/openRuntime.ts';
import { formatMs } from './support/statistics.ts';
import { keepSchedules } from './support/timersChild.ts';

const settleMs = 5000;
const goalMs = 60;

/** What many agents with schedules cost while none of them is due: over an idle minute, and once, when they are accepted. */
export const engineIdle: Figure = async (bench) => {
  const measured = await measure(bench, bench.isShort ? 100 : 1000);
  return [...measured, await measureTimers(bench, 10_000)];
};

/** Of the schedules alone: a folder of that many agents is more than a window is told at once. */
async function measureTimers(bench: Bench, agents: number): Promise<Measurement> {
  const spanMs = bench.isShort ? 10_000 : 60_000;
  bench.say(`  the schedules of ${String(agents)} agents …`);
  const usedMs = await keepSchedules(agents, spanMs);
  return {
    figure: `schedules of ${String(agents)} agents alone: processor time over an idle ${bench.isShort ? '10 s' : 'minute'}`,
    ours: `${usedMs.toFixed(1)} ms`,
    against: '',
    ratio: null,
    goal: `≤ ${String(goalMs)} ms`,
    isMet: usedMs <= goalMs,
  };
}

async function measure(bench: Bench, agents: number): Promise<Measurement[]> {
  const minuteMs = bench.isShort ? 10_000 : 60_000;
  bench.say(`  ${String(agents)} agents …`);
  const folder = new BenchFolder(bench.production, configurationOf(agents));
  await using window = await folder.connect();
  const at = performance.now();
  await window.acceptAll();
  await window.until((state) => [...state.agents.values()].every(({ nextHeartbeatAt }) => nextHeartbeatAt !== null));
  const acceptedMs = performance.now() - at;
  if (window.state.agents.size !== agents) throw new Error('Not all agents are there.');
  await delay(settleMs);
  const before = processorMs(window.pid);
  await delay(minuteMs);
  const usedMs = processorMs(window.pid) - before;
  const figure = `${String(agents)} scheduled agents`;
  const told = { against: '', ratio: null };
  return [
    {
      ...told,
      figure: `${figure}: processor time over an idle ${bench.isShort ? '10 s' : 'minute'}`,
      ours: `${String(usedMs)} ms`,
      goal: `≤ ${String(goalMs)} ms`,
      isMet: usedMs <= goalMs,
    },
    { ...told, figure: `${figure}: read, accepted and planned`, ours: formatMs(acceptedMs), goal: '', isMet: null },
  ];
}

/** Half of them with an interval of a day, half with a date that is far away. */
function configurationOf(agents: number): string {
  const line = (index: number): string => {
    const heartbeat = index % 2 === 0 ? '{ intervalSec: 86400 }' : '"0 3 29 2 *"';
    return `  agent-${String(index)}: { adapter: process, command: "true", heartbeat: ${heartbeat} }`;
  };
  return `agents:\n${Array.from({ length: agents }, (_, index) => line(index)).join('\n')}\n`;
}
