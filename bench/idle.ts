import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Figure, Measurement } from './support/figure.ts';
import { processorMs, residentBytes } from './support/linuxProcess.ts';
import { makeQuietFolder } from './support/quietFolder.ts';
import { formatMb } from './support/statistics.ts';

const settleMs = 5000;
const minuteMs = 60_000;
const goalBytes = 90e6;
const goalMs = 30;
const histories = [0, 10_000];

/** What a runtime with one window costs while nothing happens, against a Node that waits. */
export const idle: Figure = async (bench) => {
  const folders = await Promise.all(histories.map((runs) => makeQuietFolder(bench, runs)));
  const windows = await Promise.all(folders.map((folder) => folder.connect()));
  for (const window of windows) await window.acceptAll();
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  const pids = [...windows.map(({ pid }) => pid), node.pid ?? 0];
  await delay(settleMs);
  const memory = pids.map(residentBytes);
  const before = pids.map(processorMs);
  bench.say('  an idle minute …');
  await delay(minuteMs);
  const used = pids.map((pid, index) => processorMs(pid) - (before[index] ?? 0));
  node.kill();
  for (const window of windows) await window.stop();
  const [bareMemory = 0, bareUsed = 0] = [memory.at(-1), used.at(-1)];
  return histories.flatMap((runs, index): Measurement[] => {
    const [bytes = 0, ms = 0] = [memory[index], used[index]];
    const store = runs === 0 ? 'empty store' : `store of ${String(runs)} runs`;
    return [
      {
        figure: `runtime: memory after 5 s, ${store}`,
        ours: formatMb(bytes),
        against: `${formatMb(bareMemory)} idle node`,
        ratio: bytes / bareMemory,
        goal: `≤ ${formatMb(goalBytes)}`,
        isMet: bytes <= goalBytes,
      },
      {
        figure: `runtime: processor time over an idle minute, ${store}`,
        ours: `${String(ms)} ms`,
        against: `${String(bareUsed)} ms idle node`,
        ratio: null,
        goal: `≤ ${String(goalMs)} ms`,
        isMet: ms <= goalMs,
      },
    ];
  });
};
