import { createReadStream, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BareSpawner } from './support/bareSpawner.ts';
import type { Bench, Figure } from './support/figure.ts';
import { residentBytes } from './support/linuxProcess.ts';
import { BenchFolder, type BenchConnection } from './support/openRuntime.ts';
import { formatMb, median } from './support/statistics.ts';

const rounds = 3;
const bytes = 200_000_000;
const line = 'x'.repeat(99);
const flood = `yes ${line} | head -c ${String(bytes)}`;
const leastShare = 0.5;
const flatBytes = 30e6;
const sampleMs = 25;

const configuration = `
agents:
  flood: { adapter: process, shell: true, command: "${flood}" }
`;

/** Much output of one run into its log, against the same piped to a file by the shell. */
export const log: Figure = async (bench) => {
  await using window = await new BenchFolder(bench.production, configuration).connect();
  await window.acceptAll();
  using spawner = new BareSpawner();
  const file = path.join(bench.production.makeFolder('flood'), 'flood.txt');
  const pipeToFile = () => spawner.run('/bin/sh', ['-c', `${flood} | cat > '${file}'`]);
  await pipeToFile();
  const expected = await hashOf(file);
  const ours: number[] = [];
  const shell: number[] = [];
  const warmUp = await runFlood(window, { task: 'warm-up', expected, bench });
  let highest = 0;
  for (let round = 0; round < rounds; round += 1) {
    shell.push(await pipeToFile());
    const flooded = await runFlood(window, { task: `round ${String(round)}`, expected, bench });
    ours.push(flooded.ms);
    highest = Math.max(highest, flooded.highestBytes);
  }
  const [mine, theirs] = [speed(median(ours)), speed(median(shell))];
  const growth = highest - warmUp.endBytes;
  return [
    {
      figure: `${formatMb(bytes)} of 100-byte lines through a run's log, complete`,
      ours: `${mine.toFixed(0)} MB/s`,
      against: `${theirs.toFixed(0)} MB/s into a file`,
      ratio: mine / theirs,
      goal: `≥ ${leastShare.toFixed(2)} ×`,
      isMet: mine / theirs >= leastShare,
    },
    {
      figure: 'memory of the runtime meanwhile, above what it was after a warm-up',
      ours: `${growth < 0 ? '' : '+'}${formatMb(growth)}`,
      against: formatMb(warmUp.endBytes),
      ratio: null,
      goal: `± ${formatMb(flatBytes)}`,
      isMet: Math.abs(growth) <= flatBytes,
    },
  ];
};

function speed(ms: number): number {
  return bytes / 1000 / ms;
}

/** @throws Error unless the log is complete */
async function runFlood(
  window: BenchConnection,
  options: { readonly task: string; readonly expected: string; readonly bench: Bench },
): Promise<{ ms: number; highestBytes: number; endBytes: number }> {
  const { pid } = window;
  let highestBytes = 0;
  const sampling = setInterval(() => {
    highestBytes = Math.max(highestBytes, residentBytes(pid));
  }, sampleMs);
  const at = performance.now();
  const runId = await window.wake('flood', options.task);
  await window.succeeded(runId);
  const ms = performance.now() - at;
  clearInterval(sampling);
  const file = path.join(window.state.runtime.storePath, 'logs', `${runId}.log`);
  const isComplete = statSync(file).size === bytes && (await hashOf(file)) === options.expected;
  if (!isComplete) throw new Error(`The log ${file} is not what was printed.`);
  const endBytes = residentBytes(pid);
  options.bench.say(`  ${options.task}: ${speed(ms).toFixed(0)} MB/s, memory at most ${formatMb(highestBytes)}`);
  return { ms, highestBytes, endBytes };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha1');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}
