import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { root } from '../scripts/testing/command.ts';
import type { EventReader } from '../src/runtime/adapters/events.ts';
import { ClaudeReader } from '../src/runtime/adapters/claudeReader.ts';
import { CodexReader } from '../src/runtime/adapters/codexReader.ts';
import { BareSpawner } from './support/bareSpawner.ts';
import { compare } from './support/comparison.ts';
import type { Bench, Figure, Measurement } from './support/figure.ts';
import { BenchFolder } from './support/openRuntime.ts';
import { parseLines, readPieces, writeRecordedLog } from './support/recordedLog.ts';
import { formatMb, formatMs, median } from './support/statistics.ts';

const size = { long: 100e6, short: 10e6 };
const rounds = { long: 5, short: 2 };
const runRounds = { long: 30, short: 5 };
const mostMemory = 5e6;
const mostOverhead = 1.5;

interface Reader {
  readonly name: string;
  readonly recordings: readonly string[];
  /** The most that it may take of what JSON.parse takes. */
  readonly atMost: number;
  readonly open: () => EventReader;
}

const readers: readonly Reader[] = [
  { name: 'claude_local', recordings: ['claude', 'claude-session'], atMost: 2, open: () => new ClaudeReader() },
  {
    name: 'codex_local',
    recordings: ['codex'],
    // Its recorded lines have a hundred bytes: what counts is not the bytes but the checks of each line.
    atMost: 4,
    open: () => new CodexReader({ asked: null, now: () => 0, timeZone: 'UTC' }),
  },
];

/** Reading what programs put out, against JSON.parse of each line; and a whole run of one, against the program alone. */
export const adapters: Figure = async (bench) => [
  ...readers.flatMap((reader) => measureReading(reader, bench)),
  await measureRun(bench),
];

function measureReading({ name, recordings, atMost, open }: Reader, { production, isShort }: Bench): Measurement[] {
  const file = path.join(production.makeFolder('log'), 'log.jsonl');
  const bytes = isShort ? size.short : size.long;
  writeRecordedLog(file, recordings, bytes);
  const ours: number[] = [];
  const theirs: number[] = [];
  let kept = 0;
  read(file, open());
  for (let round = 0; round < (isShort ? rounds.short : rounds.long); round += 1) {
    theirs.push(timed(() => parseLines(file)));
    const before = usedBytes();
    const reader = open();
    ours.push(timed(() => read(file, reader)));
    kept = Math.max(kept, usedBytes() - before);
    reader.end();
  }
  const values = { ours: median(ours), theirs: median(theirs) };
  const speed = (ms: number): string => `${(bytes / 1000 / ms).toFixed(0)} MB/s`;
  return [
    compare(`${formatMb(bytes)} of recorded lines through the reader of ${name}, by processor time`, values, {
      rival: 'by JSON.parse of each line',
      format: speed,
      goal: { atMost },
    }),
    {
      figure: `memory that the reader of ${name} keeps at the end of that`,
      ours: formatMb(kept),
      against: '',
      ratio: null,
      goal: `≤ ${formatMb(mostMemory)}`,
      isMet: kept <= mostMemory,
    },
  ];
}

/** @throws Error if it tells of nothing */
function read(file: string, reader: EventReader): void {
  let events = 0;
  readPieces(file, (piece) => {
    events += reader.push(piece, 'out').length;
  });
  if (events === 0) throw new Error('The reader told of nothing.');
}

/** Processor time in milliseconds: both sides wait for nothing, and others may be using the machine. */
function timed(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What is in use once all that can go has gone, in bytes. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Memory of buffers is given back by the next collection.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function measureRun({ production, isShort }: Bench): Promise<Measurement> {
  const program = path.join(root, 'test', 'fixtures', 'agents', 'claude.mjs');
  const env = { FAKE_SCENE: 'works', FAKE_NOTES: '/dev/null' };
  const configuration = `
agents:
  engineer: { adapter: claude_local, command: '${program}', env: ${JSON.stringify(env)} }
`;
  await using window = await new BenchFolder(production, configuration).connect();
  await window.acceptAll();
  using spawner = new BareSpawner();
  const words = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), program];
  const runBare = () => spawner.run('/usr/bin/env', words);
  const runOurs = async (task: string): Promise<number> => {
    const at = performance.now();
    await window.succeeded(await window.wake('engineer', task));
    return performance.now() - at;
  };
  await runBare();
  await runOurs('warm-up');
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < (isShort ? runRounds.short : runRounds.long); round += 1) {
    theirs.push(await runBare());
    ours.push(await runOurs(`round ${String(round)}`));
  }
  const values = { ours: median(ours), theirs: median(theirs) };
  return compare('a whole run of a small claude, from the wake until it is seen to have succeeded', values, {
    rival: 'for the program alone',
    format: formatMs,
    goal: { atMost: mostOverhead },
  });
}
