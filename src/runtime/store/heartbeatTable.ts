import type { HeartbeatRun } from '../model.ts';
import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

/** One agent's share in a run of a named heartbeat. */
export interface HeartbeatPart {
  readonly heartbeatRunId: string;
  readonly agent: string;
  readonly wakeupId: string;
  /** The run that delivers it, once one has started. */
  readonly runId: string | null;
  /** How it ended: the status of its run, or why there is none; null while it goes on. */
  readonly outcome: string | null;
}

/** Runs of named heartbeats that are kept. */
const mostKept = 1000;
const columns = 'id, number, name, planned_at, triggered_at, completed_at';
const partColumns = 'heartbeat_run_id, agent, wakeup_id, run_id, outcome';

/** Epoch ms; null for a schedule that is not known. */
export function findNamedNext(reader: Reader, scheduleId: string): number | null {
  const row = reader.get('SELECT next_at FROM named_schedule WHERE id = ?', [scheduleId]);
  return row === undefined ? null : (row[0] as number);
}

/** `at`: epoch ms; null forgets it. */
export function setNamedNext(writer: Writer, scheduleId: string, at: number | null): void {
  if (at === null) writer.run('DELETE FROM named_schedule WHERE id = ?', [scheduleId]);
  else {
    const sql = `INSERT INTO named_schedule (id, next_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at`;
    writer.run(sql, [scheduleId, at]);
  }
}

/** The ids of all schedules whose next time is known. */
export function listNamedSchedules(reader: Reader): string[] {
  return reader.all('SELECT id FROM named_schedule ORDER BY id').map(([id]) => id as string);
}

/** Adds a run of a named heartbeat, and removes the oldest beyond a thousand. */
export function insertHeartbeatRun(
  writer: Writer,
  run: Pick<HeartbeatRun, 'id' | 'name' | 'plannedAt' | 'triggeredAt'>,
): void {
  const number = Number(writer.get('SELECT max(number) FROM heartbeat_run')?.[0] ?? 0) + 1;
  writer.run(`INSERT INTO heartbeat_run (${columns}) VALUES (?, ?, ?, ?, ?, NULL)`, [
    run.id,
    number,
    run.name,
    run.plannedAt,
    run.triggeredAt,
  ]);
  const oldest = number - mostKept;
  writer.run('DELETE FROM heartbeat_part WHERE heartbeat_run_id IN (SELECT id FROM heartbeat_run WHERE number <= ?)', [
    oldest,
  ]);
  writer.run('DELETE FROM heartbeat_run WHERE number <= ?', [oldest]);
}

export function insertHeartbeatPart(writer: Writer, part: HeartbeatPart): void {
  writer.run(`INSERT INTO heartbeat_part (${partColumns}) VALUES (?, ?, ?, ?, ?)`, [
    part.heartbeatRunId,
    part.agent,
    part.wakeupId,
    part.runId,
    part.outcome,
  ]);
}

/** The part that a wakeup stands for and that goes on. */
export function findOpenPart(reader: Reader, wakeupId: string): HeartbeatPart | undefined {
  const row = reader.get(`SELECT ${partColumns} FROM heartbeat_part WHERE wakeup_id = ? AND outcome IS NULL`, [
    wakeupId,
  ]);
  return row && toPart(row);
}

/**
 * Open parts that nothing can end any more: what they stand for was deleted or has ended, or it waits and its agent was
 * deleted, terminated or taken out of the configuration. A run that goes on is let finish.
 */
export function listStrandedParts(reader: Reader): (HeartbeatPart & { readonly isAgentGone: boolean })[] {
  const gone = `(agent.key IS NULL OR agent.is_absent = 1 OR agent.state = 'terminated')`;
  const sql = `SELECT ${partColumns
    .split(', ')
    .map((column) => `part.${column}`)
    .join(', ')}, ${gone}
    FROM heartbeat_part part LEFT JOIN wakeup ON wakeup.id = part.wakeup_id LEFT JOIN agent ON agent.key = part.agent
    WHERE part.outcome IS NULL AND (wakeup.id IS NULL OR wakeup.status NOT IN ('queued', 'claimed')
      OR (wakeup.status = 'queued' AND ${gone})) ORDER BY part.heartbeat_run_id, part.agent`;
  return reader.all(sql).map((row) => ({ ...toPart(row), isAgentGone: row[5] === 1 }));
}

export function setPart(
  writer: Writer,
  { heartbeatRunId, agent }: Pick<HeartbeatPart, 'heartbeatRunId' | 'agent'>,
  change: Pick<HeartbeatPart, 'runId' | 'outcome'>,
): void {
  writer.run('UPDATE heartbeat_part SET run_id = ?, outcome = ? WHERE heartbeat_run_id = ? AND agent = ?', [
    change.runId,
    change.outcome,
    heartbeatRunId,
    agent,
  ]);
}

export function completeHeartbeatRun(writer: Writer, id: string, at: number): void {
  writer.run('UPDATE heartbeat_run SET completed_at = ? WHERE id = ?', [at, id]);
}

export function findHeartbeatRun(reader: Reader, id: string): HeartbeatRun | undefined {
  const row = reader.get(`SELECT ${columns} FROM heartbeat_run WHERE id = ?`, [id]);
  return row && toRun(reader, row);
}

/** Newest first, below a number if given. */
export function listHeartbeatRuns(reader: Reader, before: number | undefined, limit: number): HeartbeatRun[] {
  const sql = `SELECT ${columns} FROM heartbeat_run WHERE number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [before ?? Number.MAX_SAFE_INTEGER, limit]).map((row) => toRun(reader, row));
}

function toRun(reader: Reader, row: Row): HeartbeatRun {
  const id = row[0] as string;
  const sql = `SELECT ${partColumns} FROM heartbeat_part WHERE heartbeat_run_id = ? ORDER BY agent`;
  return {
    id,
    number: row[1] as number,
    name: row[2] as string,
    plannedAt: row[3] as number,
    triggeredAt: row[4] as number,
    completedAt: row[5] as number | null,
    parts: reader.all(sql, [id]).map((part) => {
      const { agent, runId, outcome } = toPart(part);
      return { agent, runId, outcome };
    }),
  };
}

function toPart(row: Row): HeartbeatPart {
  return {
    heartbeatRunId: row[0] as string,
    agent: row[1] as string,
    wakeupId: row[2] as string,
    runId: row[3] as string | null,
    outcome: row[4] as string | null,
  };
}
