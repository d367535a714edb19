import { listRuns } from '../../src/runtime/store/runTable.ts';
import type { Reader } from '../../src/runtime/store/store.ts';
import { groupUsage, quarterMs, quarterOf } from '../../src/runtime/store/usageTable.ts';
import { median } from './statistics.ts';

const pageSize = 50;
const pageRounds = 200;
const costRounds = 5;
const dayMs = 86_400_000;

/** The spans over which costs are asked for, in days. */
export const costDays = [1, 30, 10_000] as const;

/** How long a history takes to answer, in milliseconds (medians). */
export interface Answers {
  readonly firstPage: number;
  readonly deepPage: number;
  /** For each of `costDays`. */
  readonly costs: readonly CostAnswer[];
}

/** The same question put to the roll-up and to the rows of all runs. */
export interface CostAnswer {
  readonly fromRollUp: number;
  readonly fromRows: number;
}

/** Asks what the views ask: a page of runs, at the top and half way down, and what the runs of each agent came to. */
export function askQuestions(reader: Reader, { runs }: { readonly runs: number }): Answers {
  const page = (before: number | undefined) => () => listRuns(reader, { before, limit: pageSize + 1 });
  return {
    firstPage: medianOf(pageRounds, page(undefined)),
    deepPage: medianOf(pageRounds, page(Math.floor(runs / 2))),
    costs: costDays.map((days) => askCost(reader, days)),
  };
}

/** @throws Error if the two do not say the same */
function askCost(reader: Reader, days: number): CostAnswer {
  const to = quarterOf(Date.now() + dayMs);
  const from = to - Math.floor((days * dayMs) / quarterMs);
  const rollUp = () => groupUsage(reader, { from, to }, 'agent');
  const rows = () => groupRows(reader, from * quarterMs, to * quarterMs);
  const counts = rollUp().map(({ key, usage }) => [key, usage.runs, usage.failedRuns, usage.runMs]);
  if (JSON.stringify(counts) !== JSON.stringify(rows())) throw new Error('The roll-up does not agree with the runs.');
  return { fromRollUp: medianOf(costRounds, rollUp), fromRows: medianOf(costRounds, rows) };
}

function groupRows(reader: Reader, from: number, to: number): unknown[] {
  const sql = `SELECT agent, count(*), sum(status <> 'succeeded'), sum(finished_at - started_at) FROM run
    WHERE finished_at >= ? AND finished_at < ? GROUP BY agent ORDER BY agent`;
  return reader.all(sql, [from, to]);
}

function medianOf(rounds: number, work: () => unknown): number {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const at = performance.now();
    work();
    if (round > 0) times.push(performance.now() - at);
  }
  return median(times);
}
