import type { Row } from './database.ts';
import type { Reader } from './store.ts';

/** Scheduled heartbeats of an agent that came to nothing on a UTC day (days since 1970-01-01). */
export interface SkipRow {
  readonly day: number;
  readonly agent: string;
  readonly reason: string;
  readonly skips: number;
}

/** What the runs of an agent, model and issue took in one UTC quarter-hour (epoch ms / 900 000). */
export interface UsageRow {
  readonly quarter: number;
  readonly agent: string;
  /** Empty where it is not known. */
  readonly model: string;
  /** Empty for runs without an issue. */
  readonly issueId: string;
  readonly runs: number;
  readonly failedRuns: number;
  /** Runs whose cost is unknown: `costMicros` is what the others cost. */
  readonly runsWithoutCost: number;
  readonly runMs: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly cacheWriteTokens: number;
  readonly costMicros: number;
  /** The part of it that was reckoned from list prices. */
  readonly listedMicros: number;
}

/** Counters behind a given one, oldest first. */
export function listSkipRows(reader: Reader, after: SkipRow | null, limit: number): SkipRow[] {
  const sql = `SELECT day, agent, reason, skips FROM skip_count WHERE (day, agent, reason) > (?, ?, ?)
    ORDER BY day, agent, reason LIMIT ?`;
  return reader
    .all(sql, [after?.day ?? -1, after?.agent ?? '', after?.reason ?? '', limit])
    .map(([day, agent, reason, skips]) => ({
      day: Number(day),
      agent: String(agent),
      reason: String(reason),
      skips: Number(skips),
    }));
}

/** Rows of the roll-up behind a given one, oldest first. */
export function listUsageRows(reader: Reader, after: UsageRow | null, limit: number): UsageRow[] {
  const sql = `SELECT quarter, agent, model, issue_id, runs, runs_failed, runs_without_cost, run_ms, input_tokens, cached_tokens,
      output_tokens, cost_micros, cache_write_tokens, listed_micros FROM usage_quarter WHERE (quarter, agent, model, issue_id) > (?, ?, ?, ?)
    ORDER BY quarter, agent, model, issue_id LIMIT ?`;
  const { quarter = -1, agent = '', model = '', issueId = '' } = after ?? {};
  return reader.all(sql, [quarter, agent, model, issueId, limit]).map(toUsageRow);
}

function toUsageRow(row: Row): UsageRow {
  const [
    quarter,
    agent,
    model,
    issueId,
    runs,
    failedRuns,
    runsWithoutCost,
    runMs,
    input,
    cached,
    output,
    cost,
    ...more
  ] = row;
  return {
    quarter: Number(quarter),
    agent: String(agent),
    model: String(model),
    issueId: String(issueId),
    runs: Number(runs),
    failedRuns: Number(failedRuns),
    runsWithoutCost: Number(runsWithoutCost),
    runMs: Number(runMs),
    inputTokens: Number(input),
    cachedTokens: Number(cached),
    outputTokens: Number(output),
    cacheWriteTokens: Number(more[0]),
    costMicros: Number(cost),
    listedMicros: Number(more[1]),
  };
}
