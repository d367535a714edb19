import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { compare } from './support/comparison.ts';
import type { Bench, Figure, Measurement } from './support/figure.ts';
import { snapshotPath } from '../src/runtime/store/storeFiles.ts';
import { askQuestions, costDays, type Answers } from './support/historyQuestions.ts';
import { writeHistory } from './support/longHistory.ts';
import { NativeEngine } from './support/nativeEngine.ts';
import { loadNativeSqlite } from './support/nativeSqlite.ts';
import { formatMb, formatMs, formatUs, median } from './support/statistics.ts';
import { askStore } from './support/storeChild.ts';
import { linkStore, makeDiskFolder, makeStore, wasmPathOf } from './support/storeFixture.ts';
import type { Loaded, Opened } from './support/storeProgram.ts';

const hugeRuns = 1_000_000;
const hugeNeedsBytes = 4e9;
/** Below this, opening is mostly what does not depend on the size: creating a journal and flushing it. */
const openGoalFromBytes = 50e6;
const openGoal = { atMost: 3 };
const pageGoal = { atMost: 1.5 };
const costGoal = { atMost: 0.01 };

interface MeasuredHistory {
  readonly runs: number;
  readonly fileBytes: number;
  readonly opened: readonly Opened[];
  readonly read: readonly Loaded[];
  readonly answers: Answers;
  /** What the rival took for the same questions on the same file. */
  readonly native: { readonly name: string; readonly answers: Answers };
}

/**
 * A store with a long history: opening it against reading the same bytes, its memory, a page of its runs, what its runs cost.
 * The history is runs, wakeups and the roll-up; each process has one store.
 */
export const storeHistory: Figure = async (bench) => {
  const sizes = bench.isShort ? [1_000, 10_000] : [1_000, 100_000, hugeRuns];
  const histories: MeasuredHistory[] = [];
  for (const runs of sizes) if (isPossible(bench, runs)) histories.push(await measure(bench, runs));
  const [, large, huge] = histories;
  return [
    ...histories.flatMap(describeOpening),
    ...histories.slice(1).flatMap(describeAnswers),
    ...(large && huge ? describeGrowth(large, huge) : []),
  ];
};

function isPossible(bench: Bench, runs: number): boolean {
  const free = process.availableMemory();
  if (runs < hugeRuns || free >= hugeNeedsBytes) return true;
  bench.say(
    `  left out ${String(runs)} runs: that takes ${formatMb(hugeNeedsBytes)} of memory, ${formatMb(free)} are free`,
  );
  return false;
}

async function measure(bench: Bench, runs: number): Promise<MeasuredHistory> {
  bench.say(`  a history of ${String(runs)} runs …`);
  const rounds = bench.isShort ? 1 : runs === hugeRuns ? 3 : 5;
  const sqlite = await loadNativeSqlite(bench);
  const [folder, wasmPath] = [makeDiskFolder(bench), wasmPathOf(bench.production)];
  const [file, store] = [path.join(folder, 'history.db'), path.join(folder, 'store')];
  await writeHistory(sqlite, file, { runs, scopes: 8, wasmPath });
  await makeStore(store, file);
  const opened: Opened[] = [];
  const read: Loaded[] = [];
  for (let round = 0; round < rounds; round += 1) {
    using copy = linkStore(store);
    read.push(await askStore(bench, { kind: 'read', file: snapshotPath(copy.path, 1) }));
    opened.push(await askStore(bench, { kind: 'open', directory: copy.path, wasmPath }));
  }
  using copy = linkStore(store);
  const answers = await askStore(bench, { kind: 'ask', directory: copy.path, wasmPath, runs });
  const engine = new NativeEngine(sqlite.open(file), 'PRAGMA cache_size = -65536');
  const native = { name: sqlite.name, answers: askQuestions(engine, { runs }) };
  await engine.close();
  const fileBytes = statSync(file).size;
  rmSync(folder, { recursive: true });
  return { runs, fileBytes, opened, read, answers, native };
}

function describeOpening({ runs, fileBytes, opened, read }: MeasuredHistory): Measurement[] {
  const line = (figure: string, what: keyof Loaded, format: (value: number) => string): Measurement => {
    const [ours, theirs] = [opened, read].map((side) => median(side.map((loaded) => loaded[what])));
    const hasGoal = what === 'tookMs' && fileBytes >= openGoalFromBytes;
    const values = { ours: ours ?? Number.NaN, theirs: theirs ?? Number.NaN };
    return compare(`${figure}, ${String(runs)} runs (${formatMb(fileBytes)})`, values, {
      rival: 'readFile',
      format,
      ...(hasGoal && { goal: openGoal }),
    });
  };
  return [
    line('store: open', 'tookMs', formatMs),
    line('store: memory of the process once open', 'bytes', formatMb),
    line('store: most memory until it has grown once', 'peakBytes', formatMb),
    {
      figure: `store: first transaction for which it grows, ${String(runs)} runs (${formatMb(fileBytes)})`,
      ours: formatMs(median(opened.map(({ firstGrowthMs }) => firstGrowthMs))),
      against: '',
      ratio: null,
      goal: '',
      isMet: null,
    },
  ];
}

function describeAnswers({ runs, answers, native }: MeasuredHistory): Measurement[] {
  const page = (figure: string, which: 'firstPage' | 'deepPage'): Measurement =>
    compare(
      `${figure} of 50 runs, of ${String(runs)}`,
      { ours: answers[which], theirs: native.answers[which] },
      { rival: native.name, format: formatUs },
    );
  return [
    page('first page', 'firstPage'),
    page('page from half way down', 'deepPage'),
    ...answers.costs.map(({ fromRollUp, fromRows }, index) =>
      compare(
        `what ${describeDays(costDays[index])} cost by agent, ${String(runs)} runs: from the roll-up`,
        { ours: fromRollUp, theirs: fromRows },
        { rival: 'from the rows', format: formatMs, ...(costDays[index] !== 10_000 && { goal: costGoal }) },
      ),
    ),
  ];
}

function describeDays(days: number | undefined): string {
  return days === 1 ? 'a day' : days === 30 ? '30 days' : 'everything';
}

/** A page must not become dearer as the history grows. */
function describeGrowth(large: MeasuredHistory, huge: MeasuredHistory): Measurement[] {
  const line = (figure: string, which: 'firstPage' | 'deepPage'): Measurement =>
    compare(
      `${figure} of 50 runs, of ${String(huge.runs)}`,
      { ours: huge.answers[which], theirs: large.answers[which] },
      { rival: `of ${String(large.runs)}`, format: formatUs, goal: pageGoal },
    );
  return [line('first page', 'firstPage'), line('page from half way down', 'deepPage')];
}
