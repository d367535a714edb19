import type { WakeAuthor, WakeSource, WakeupStatus } from '../model.ts';
import type { Row } from './database.ts';
import { nextNumber } from './deletedMark.ts';
import type { Reader, Writer } from './store.ts';

/**
 * A request that an agent run. The wakeups of one scope (agent, task key) that are still `queued` are its inbox; `number`
 * orders them, and a run's cursor says up to which of them its prompt went.
 */
export interface Wakeup {
  readonly id: string;
  readonly number: number;
  readonly agent: string;
  readonly taskKey: string;
  readonly source: WakeSource;
  readonly reason: string;
  /** Given to the agent in full; null for a bare ping or tick. */
  readonly text: string | null;
  readonly issueId: string | null;
  readonly idempotencyKey: string | null;
  readonly status: WakeupStatus;
  readonly statusReason: string | null;
  readonly runId: string | null;
  readonly requestedAt: number;
  readonly endedAt: number | null;
  readonly author: WakeAuthor;
  /** See `WakeRequest.cause`. */
  readonly cause: { readonly runId: string; readonly hops: number } | null;
  /** See `WakeRequest.isFresh`. */
  readonly isFresh: boolean;
}

/** How long a repetition of a request is recognised by its key, in milliseconds. */
export const idempotencyMs = 24 * 60 * 60 * 1000;

const columns =
  'id, number, agent, task_key, source, reason, text, issue_id, idempotency_key, status, status_reason, run_id, requested_at, ended_at, author, cause_run_id, hops, is_fresh';

export function nextWakeupNumber(reader: Reader): number {
  return nextNumber(reader, 'wakeup');
}

/** `isFresh` is false if it is not given. */
export function insertWakeup(writer: Writer, wakeup: Omit<Wakeup, 'isFresh'> & { readonly isFresh?: boolean }): void {
  writer.run(`INSERT INTO wakeup (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    wakeup.id,
    wakeup.number,
    wakeup.agent,
    wakeup.taskKey,
    wakeup.source,
    wakeup.reason,
    wakeup.text,
    wakeup.issueId,
    wakeup.idempotencyKey,
    wakeup.status,
    wakeup.statusReason,
    wakeup.runId,
    wakeup.requestedAt,
    wakeup.endedAt,
    wakeup.author,
    wakeup.cause?.runId ?? null,
    wakeup.cause?.hops ?? 0,
    Number(wakeup.isFresh ?? false),
  ]);
}

/** The inbox of a scope, oldest first. */
export function listWaitingWakeups(reader: Reader, agent: string, taskKey: string): Wakeup[] {
  const sql = `SELECT ${columns} FROM wakeup WHERE status = 'queued' AND agent = ? AND task_key = ? ORDER BY number`;
  return reader.all(sql, [agent, taskKey]).map(fromRow);
}

/** Newest first, below a number. */
export function listWakeups(reader: Reader, before: number, limit: number): Wakeup[] {
  const sql = `SELECT ${columns} FROM wakeup WHERE number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [before, limit]).map(fromRow);
}

/** Of an agent, newest first, below a number. */
export function listWakeupsOfAgent(reader: Reader, agent: string, before: number, limit: number): Wakeup[] {
  const sql = `SELECT ${columns} FROM wakeup WHERE agent = ? AND number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [agent, before, limit]).map(fromRow);
}

export function listWakeupsOfRun(reader: Reader, runId: string): Wakeup[] {
  return reader.all(`SELECT ${columns} FROM wakeup WHERE run_id = ? ORDER BY number`, [runId]).map(fromRow);
}

/** Whether something is addressed to an agent that no prompt has delivered yet; ticks of its schedules are nothing. */
export function hasWaitingItem(reader: Reader, agent: string): boolean {
  const sql = `SELECT 1 FROM wakeup WHERE status = 'queued' AND agent = ? AND source <> 'timer' LIMIT 1`;
  return reader.get(sql, [agent]) !== undefined;
}

/** The first wakeup with this key for the agent and source since a time, if any. */
export function findWakeupByKey(
  reader: Reader,
  key: { readonly agent: string; readonly source: WakeSource; readonly idempotencyKey: string; readonly since: number },
): Wakeup | undefined {
  const row = reader.get(
    `SELECT ${columns} FROM wakeup WHERE agent = ? AND source = ? AND idempotency_key = ? AND requested_at >= ? ORDER BY number LIMIT 1`,
    [key.agent, key.source, key.idempotencyKey, key.since],
  );
  return row && fromRow(row);
}

/** Gives the whole inbox of a scope to a run that is queued for it; it stays undelivered. */
export function addressWakeups(writer: Writer, agent: string, taskKey: string, runId: string): void {
  writer.run(`UPDATE wakeup SET run_id = ? WHERE status = 'queued' AND agent = ? AND task_key = ?`, [
    runId,
    agent,
    taskKey,
  ]);
}

/** Marks the inbox of a scope, up to a cursor, as taken into a run's prompt. */
export function claimWakeups(
  writer: Writer,
  claim: { readonly agent: string; readonly taskKey: string; readonly cursor: number; readonly runId: string },
): void {
  writer.run(
    `UPDATE wakeup SET status = 'claimed', run_id = ? WHERE status = 'queued' AND agent = ? AND task_key = ? AND number <= ?`,
    [claim.runId, claim.agent, claim.taskKey, claim.cursor],
  );
}

/** Puts what a run had claimed back into the inbox: its prompt was never delivered. */
export function returnWakeups(writer: Writer, runId: string): void {
  writer.run(`UPDATE wakeup SET status = 'queued', run_id = NULL WHERE run_id = ? AND status = 'claimed'`, [runId]);
}

/** Takes a waiting wakeup from the run that was to deliver it; it stays in the inbox. */
export function releaseWakeup(writer: Writer, id: string): void {
  writer.run(`UPDATE wakeup SET run_id = NULL WHERE id = ? AND status = 'queued'`, [id]);
}

/** Ends every wakeup that a run holds, claimed or still waiting for it. */
export function endWakeupsOfRun(
  writer: Writer,
  runId: string,
  end: { readonly status: 'completed' | 'failed' | 'cancelled'; readonly reason: string | null; readonly at: number },
): void {
  writer.run(
    `UPDATE wakeup SET status = ?, status_reason = ?, ended_at = ? WHERE run_id = ? AND status IN ('queued', 'claimed')`,
    [end.status, end.reason, end.at, runId],
  );
}

/** Ends what waits in a scope because its issue was the agent's; what a person asked of the agent stays. */
export function withdrawWakeups(
  writer: Writer,
  scope: { readonly agent: string; readonly taskKey: string },
  end: { readonly reason: string; readonly at: number },
): void {
  writer.run(
    `UPDATE wakeup SET status = 'cancelled', status_reason = ?, ended_at = ?
     WHERE status = 'queued' AND agent = ? AND task_key = ? AND source IN ('assignment', 'automation')`,
    [end.reason, end.at, scope.agent, scope.taskKey],
  );
}

/** Refuses all that waits for an agent. */
export function endWakeupsOfAgent(
  writer: Writer,
  agent: string,
  end: { readonly reason: string; readonly at: number },
): void {
  writer.run(
    `UPDATE wakeup SET status = 'refused', status_reason = ?, ended_at = ? WHERE status = 'queued' AND agent = ?`,
    [end.reason, end.at, agent],
  );
}

/** Ends the inbox of a scope: nothing will deliver it. */
export function endWaitingWakeups(
  writer: Writer,
  { agent, taskKey }: { readonly agent: string; readonly taskKey: string },
  end: { readonly status: 'refused' | 'cancelled'; readonly reason: string; readonly at: number },
): void {
  writer.run(
    `UPDATE wakeup SET status = ?, status_reason = ?, ended_at = ? WHERE status = 'queued' AND agent = ? AND task_key = ?`,
    [end.status, end.reason, end.at, agent, taskKey],
  );
}

function fromRow(row: Row): Wakeup {
  return {
    id: row[0] as string,
    number: row[1] as number,
    agent: row[2] as string,
    taskKey: row[3] as string,
    source: row[4] as WakeSource,
    reason: row[5] as string,
    text: row[6] as string | null,
    issueId: row[7] as string | null,
    idempotencyKey: row[8] as string | null,
    status: row[9] as WakeupStatus,
    statusReason: row[10] as string | null,
    runId: row[11] as string | null,
    requestedAt: row[12] as number,
    endedAt: row[13] as number | null,
    author: row[14] as WakeAuthor,
    cause: row[15] === null ? null : { runId: row[15] as string, hops: row[16] as number },
    isFresh: row[17] === 1,
  };
}
