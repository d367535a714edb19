import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

/** A limit that a run reported. Parked until `until`; then half-open: one run at a time may probe whether it is over. */
export interface RateLimit {
  /** Provider and limit: divided by a tab. */
  readonly key: string;
  /** Epoch ms at which it was reported last. */
  readonly since: number;
  /** Epoch ms. */
  readonly until: number;
  /** How often in a row it was reported, by the first run and then by those that probed. */
  readonly strikes: number;
  /** The running run that probes. */
  readonly probeRunId: string | null;
  /** What is exhausted, as it was reported. */
  readonly reason: string;
}

/** All limits there are. A provider has few, and only those that were reported and not found to be over have a row. */
export function listRateLimits(reader: Reader): RateLimit[] {
  return reader
    .all('SELECT key, since, until_at, strikes, probe_run_id, reason FROM rate_limit ORDER BY key')
    .map(fromRow);
}

export function putRateLimit(writer: Writer, limit: RateLimit): void {
  writer.run(
    `INSERT INTO rate_limit (key, since, until_at, strikes, probe_run_id, reason) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET since = excluded.since, until_at = excluded.until_at, strikes = excluded.strikes,
       probe_run_id = excluded.probe_run_id, reason = excluded.reason`,
    [limit.key, limit.since, limit.until, limit.strikes, limit.probeRunId, limit.reason],
  );
}

export function setProbe(writer: Writer, key: string, runId: string | null): void {
  writer.run('UPDATE rate_limit SET probe_run_id = ? WHERE key = ?', [runId, key]);
}

export function deleteRateLimit(writer: Writer, key: string): void {
  writer.run('DELETE FROM rate_limit WHERE key = ?', [key]);
}

/** The first time after `at` (both epoch ms) at which a parked limit may be probed; null if there is none. */
export function findNextProbe(reader: Reader, at: number): number | null {
  const sql = 'SELECT min(until_at) FROM rate_limit WHERE until_at > ?';
  return (reader.get(sql, [at])?.[0] as number | null | undefined) ?? null;
}

function fromRow(row: Row): RateLimit {
  return {
    key: row[0] as string,
    since: row[1] as number,
    until: row[2] as number,
    strikes: row[3] as number,
    probeRunId: row[4] as string | null,
    reason: row[5] as string,
  };
}
