import { openIssueStatuses, type LogRemoval } from '../model.ts';
import type { Reader, Writer } from './store.ts';

/** A run with what decides whether it may go. */
export interface RunFacts {
  readonly id: string;
  readonly number: number;
  readonly queuedAt: number;
  /** Null until it has settled. */
  readonly finishedAt: number | null;
  /** An agent's row or an open issue shows it as the last run. */
  readonly isShown: boolean;
  /** A wakeup that is not delivered yet stands for it, or a question of it that is not answered. */
  readonly hasWaiting: boolean;
}

/** A settled run whose log is kept. */
export interface LogFacts {
  readonly id: string;
  readonly number: number;
  readonly queuedAt: number;
  readonly finishedAt: number;
  readonly bytes: number;
}

/** A wakeup with what decides whether it may go. */
export interface WakeupFacts {
  readonly id: string;
  readonly number: number;
  readonly requestedAt: number;
  /** Null until it was delivered, or ended without that. */
  readonly endedAt: number | null;
  /** A repetition of the same request is recognised by it. */
  readonly hasKey: boolean;
  /** It belongs to a run that an agent's row or an open issue shows as the last one. */
  readonly isShown: boolean;
}

const openStatuses = openIssueStatuses.map((status) => `'${status}'`).join(', ');
const isLastOfOpenIssue = `shown.issue_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM issue WHERE issue.id = shown.issue_id AND issue.status IN (${openStatuses}))
  AND NOT EXISTS (SELECT 1 FROM run AS newer WHERE newer.issue_id = shown.issue_id AND newer.number > shown.number)`;
const hasLog = 'started_at IS NOT NULL AND finished_at IS NOT NULL AND log_removed_for IS NULL';
const listed = '(SELECT value FROM json_each(?))';

/** The number of the `count`-th newest row; 0 if there are not that many. */
export function numberOfNewest(reader: Reader, table: 'run' | 'wakeup', count: number): number {
  const [number] = reader.get(`SELECT number FROM ${table} ORDER BY number DESC LIMIT 1 OFFSET ?`, [count - 1]) ?? [];
  return Number(number ?? 0);
}

/** Runs above a number, oldest first. */
export function listRunFacts(reader: Reader, after: number, limit: number): RunFacts[] {
  const sql = `SELECT id, number, queued_at, finished_at,
      id IN (SELECT last_run_id FROM agent WHERE last_run_id IS NOT NULL) OR (${isLastOfOpenIssue}),
      EXISTS (SELECT 1 FROM wakeup WHERE wakeup.run_id = shown.id AND wakeup.status IN ('queued', 'claimed'))
        OR EXISTS (SELECT 1 FROM question WHERE question.run_id = shown.id AND question.status = 'pending')
    FROM run AS shown WHERE number > ? ORDER BY number LIMIT ?`;
  return reader.all(sql, [after, limit]).map((row) => ({
    id: row[0] as string,
    number: row[1] as number,
    queuedAt: row[2] as number,
    finishedAt: row[3] as number | null,
    isShown: row[4] === 1,
    hasWaiting: row[5] === 1,
  }));
}

/** Deletes runs with what they asked. Their numbers are never given again. */
export function deleteRuns(writer: Writer, ids: readonly string[]): void {
  const all = [JSON.stringify(ids)];
  writer.run(`DELETE FROM question WHERE run_id IN ${listed}`, all);
  writer.run(`DELETE FROM run WHERE id IN ${listed}`, all);
}

/** Bytes in all logs that are kept. */
export function sumLogBytes(reader: Reader): number {
  const [bytes] = reader.get(`SELECT sum(log_bytes) FROM run WHERE ${hasLog}`) ?? [];
  return Number(bytes ?? 0);
}

/** Settled runs above a number whose log is kept, oldest first. */
export function listLogFacts(reader: Reader, after: number, limit: number): LogFacts[] {
  const sql = `SELECT id, number, queued_at, finished_at, log_bytes FROM run WHERE ${hasLog} AND number > ? ORDER BY number LIMIT ?`;
  return reader.all(sql, [after, limit]).map((row) => ({
    id: row[0] as string,
    number: row[1] as number,
    queuedAt: row[2] as number,
    finishedAt: row[3] as number,
    bytes: row[4] as number,
  }));
}

/** Notes that the logs of runs are removed, and by which setting. */
export function markLogsRemoved(writer: Writer, ids: readonly string[], { reason, limit }: LogRemoval): void {
  writer.run(`UPDATE run SET log_removed_for = ?, log_removed_limit = ? WHERE id IN ${listed}`, [
    reason,
    limit,
    JSON.stringify(ids),
  ]);
}

/** Which of these runs exist, and whether their log is to be there. */
export function findLogOwners(reader: Reader, ids: readonly string[]): ReadonlyMap<string, 'kept' | 'removed'> {
  const sql = `SELECT id, log_removed_for IS NULL FROM run WHERE id IN ${listed}`;
  return new Map(
    reader.all(sql, [JSON.stringify(ids)]).map(([id, isKept]) => [id as string, isKept === 1 ? 'kept' : 'removed']),
  );
}

/** Wakeups above a number, oldest first. */
export function listWakeupFacts(reader: Reader, after: number, limit: number): WakeupFacts[] {
  const sql = `SELECT id, number, requested_at, ended_at, idempotency_key IS NOT NULL,
      run_id IS NOT NULL AND (run_id IN (SELECT last_run_id FROM agent WHERE last_run_id IS NOT NULL)
        OR EXISTS (SELECT 1 FROM run AS shown WHERE shown.id = wakeup.run_id AND ${isLastOfOpenIssue}))
    FROM wakeup WHERE number > ? ORDER BY number LIMIT ?`;
  return reader.all(sql, [after, limit]).map((row) => ({
    id: row[0] as string,
    number: row[1] as number,
    requestedAt: row[2] as number,
    endedAt: row[3] as number | null,
    hasKey: row[4] === 1,
    isShown: row[5] === 1,
  }));
}

/** Deletes wakeups. Their numbers are never given again. */
export function deleteWakeups(writer: Writer, ids: readonly string[]): void {
  writer.run(`DELETE FROM wakeup WHERE id IN ${listed}`, [JSON.stringify(ids)]);
}
