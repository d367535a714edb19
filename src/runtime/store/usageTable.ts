import type { ModelUsage, RunUsage } from '../model.ts';
import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

/** The roll-up's unit of time, in milliseconds: every offset of a time zone is a multiple of it. */
export const quarterMs = 15 * 60 * 1000;

/** The number of the UTC quarter-hour that a time (epoch ms) falls into. */
export function quarterOf(at: number): number {
  return Math.floor(at / quarterMs);
}

/** A run that ended, as the roll-up counts it. */
export interface EndedRun {
  /** Epoch ms of its end: all of it counts there. */
  readonly at: number;
  readonly agent: string;
  readonly issueId: string | null;
  readonly isFailed: boolean;
  readonly runMs: number;
  /** Null if nothing is known of it. */
  readonly usage: RunUsage | null;
}

/** What runs took together. Costs and tokens are of those runs that reported them. */
export interface Usage {
  readonly runs: number;
  readonly failedRuns: number;
  /** Runs whose cost is unknown: `costMicros` is what the others cost. */
  readonly runsWithoutCost: number;
  readonly runMs: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly costMicros: number;
  /** The part of `costMicros` that nobody said: it was reckoned from list prices. */
  readonly listedMicros: number;
}

/** A span of quarter-hours, the end exclusive. */
export interface Quarters {
  readonly from: number;
  readonly to: number;
}

const nothingKnown: ModelUsage = {
  model: '',
  inputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  costMicros: null,
  isListPrice: false,
};

/** Adds a run to the roll-up: what it used by model, the run itself with the first of them. */
export function recordUsage(writer: Writer, run: EndedRun): void {
  const [first = nothingKnown, ...others] = run.usage?.models ?? [];
  const isUnknown = run.usage === null || run.usage.models.some(({ costMicros }) => costMicros === null);
  const { runMs } = run;
  addToQuarter(writer, run, first, { runs: 1, failed: run.isFailed ? 1 : 0, withoutCost: isUnknown ? 1 : 0, runMs });
  for (const usage of others) addToQuarter(writer, run, usage, { runs: 0, failed: 0, withoutCost: 0, runMs: 0 });
}

function addToQuarter(
  writer: Writer,
  run: EndedRun,
  usage: ModelUsage,
  counts: { readonly runs: number; readonly failed: number; readonly withoutCost: number; readonly runMs: number },
): void {
  writer.run(
    `INSERT INTO usage_quarter (quarter, agent, model, issue_id, runs, runs_failed, runs_without_cost, run_ms,
       input_tokens, cached_tokens, cache_write_tokens, output_tokens, cost_micros, listed_micros)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (quarter, agent, model, issue_id) DO UPDATE SET runs = runs + excluded.runs,
       runs_failed = runs_failed + excluded.runs_failed, runs_without_cost = runs_without_cost + excluded.runs_without_cost,
       run_ms = run_ms + excluded.run_ms, input_tokens = input_tokens + excluded.input_tokens,
       cached_tokens = cached_tokens + excluded.cached_tokens, cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
       output_tokens = output_tokens + excluded.output_tokens, cost_micros = cost_micros + excluded.cost_micros,
       listed_micros = listed_micros + excluded.listed_micros`,
    [
      quarterOf(run.at),
      run.agent,
      usage.model,
      run.issueId ?? '',
      counts.runs,
      counts.failed,
      counts.withoutCost,
      counts.runMs,
      usage.inputTokens,
      usage.cachedTokens,
      usage.cacheWriteTokens,
      usage.outputTokens,
      usage.costMicros ?? 0,
      usage.isListPrice ? (usage.costMicros ?? 0) : 0,
    ],
  );
}

const sums =
  'sum(runs), sum(runs_failed), sum(runs_without_cost), sum(run_ms), sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(cost_micros), sum(cache_write_tokens), sum(listed_micros)';
const groups = { agent: 'agent', model: 'model', issue: 'issue_id' } as const;

/** What is known of the cost, in micro-dollars; null if nothing is. Runs are counted with the first of their models alone. */
export function knownCostOf({ runs, runsWithoutCost, costMicros }: Usage): number | null {
  return runsWithoutCost < runs || costMicros > 0 ? costMicros : null;
}

/** The usage of a span, of all agents or of one. */
export function sumUsage(reader: Reader, { from, to }: Quarters, agent?: string): Usage {
  const row =
    agent === undefined
      ? reader.get(`SELECT ${sums} FROM usage_quarter WHERE quarter >= ? AND quarter < ?`, [from, to])
      : reader.get(`SELECT ${sums} FROM usage_quarter WHERE agent = ? AND quarter >= ? AND quarter < ?`, [
          agent,
          from,
          to,
        ]);
  return toUsage(row ?? []);
}

/** The usage of a span by agent, model or issue; '' stands for runs without one. */
export function groupUsage(
  reader: Reader,
  { from, to }: Quarters,
  by: keyof typeof groups,
): { readonly key: string; readonly usage: Usage }[] {
  const column = groups[by];
  const sql = `SELECT ${column}, ${sums} FROM usage_quarter WHERE quarter >= ? AND quarter < ? GROUP BY ${column} ORDER BY ${column}`;
  return reader.all(sql, [from, to]).map(([key, ...row]) => ({ key: key as string, usage: toUsage(row) }));
}

/** Deletes at most `limit` rows of quarters before `quarter`, the oldest first; answers how many. */
export function deleteOldUsage(writer: Writer, quarter: number, limit: number): number {
  const sql =
    'SELECT quarter, agent, model, issue_id FROM usage_quarter WHERE quarter < ? ORDER BY quarter, agent, model, issue_id LIMIT ?';
  const old = writer.all(sql, [quarter, limit]);
  const last = old.at(-1);
  if (last) writer.run('DELETE FROM usage_quarter WHERE (quarter, agent, model, issue_id) <= (?, ?, ?, ?)', last);
  return old.length;
}

function toUsage(row: Row): Usage {
  const at = (index: number): number => Number(row[index] ?? 0);
  return {
    runs: at(0),
    failedRuns: at(1),
    runsWithoutCost: at(2),
    runMs: at(3),
    inputTokens: at(4),
    cachedTokens: at(5),
    outputTokens: at(6),
    costMicros: at(7),
    cacheWriteTokens: at(8),
    listedMicros: at(9),
  };
}
