import { clearLastRun, deleteAgent, setLastRun } from './agentTable.ts';
import { deleteEvidence } from './evidenceTable.ts';
import { deleteBlockersOf } from './issueBlockerTable.ts';
import { deleteCommentsOf } from './issueCommentTable.ts';
import { deleteIssue, releaseChildren, unassignIssues } from './issueTable.ts';
import type { RunStatus } from '../model.ts';
import { deleteRuns } from './retentionTable.ts';
import { deleteSessions } from './sessionTable.ts';
import type { Reader, Writer } from './store.ts';
import { clearStreaks } from './streakTable.ts';

/** What hangs on an issue, a run, an agent or all of them, counted in rows. */
export interface Extent {
  /** Of all statuses. */
  readonly runs: number;
  readonly queued: number;
  readonly running: number;
  readonly wakeups: number;
  readonly sessions: number;
  readonly issues: number;
  readonly agents: number;
}

/** The runs whose log would go, oldest first, in pages below a limit. */
export type RunFilter = { readonly agent: string } | { readonly runId: string } | { readonly issueId: string } | 'all';

interface Condition {
  readonly sql: string;
  readonly params: readonly string[];
}

/** Counts what belongs to a run, an issue or an agent; for an issue its runs are those that worked on it. */
export function measureExtent(reader: Reader, filter: RunFilter): Extent {
  const of = (table: 'run' | 'wakeup' | 'session' | 'issue' | 'agent', more = ''): number => {
    const { sql, params } = conditionOf(filter, table);
    return Number(reader.get(`SELECT count(*) FROM ${table} WHERE ${sql} ${more}`, params)?.[0] ?? 0);
  };
  const active = (status: 'queued' | 'running'): number =>
    of('run', `AND status IN ('queued', 'running') AND status = '${status}'`);
  return {
    runs: of('run'),
    queued: active('queued'),
    running: active('running'),
    wakeups: of('wakeup'),
    sessions: of('session'),
    issues: of('issue'),
    agents: of('agent'),
  };
}

/** True while anything of an issue is still to be delivered or under way. */
export function isIssueBusy(reader: Reader, issueId: string): boolean {
  const runs = `SELECT 1 FROM run WHERE status IN ('queued', 'running') AND issue_id = ? LIMIT 1`;
  const wakeups = `SELECT 1 FROM wakeup WHERE status IN ('queued', 'claimed') AND issue_id = ? LIMIT 1`;
  return reader.get(runs, [issueId]) !== undefined || reader.get(wakeups, [issueId]) !== undefined;
}

/** Ids of settled runs, oldest first. */
export function listSettledRunIds(reader: Reader, agent: string, limit: number): string[] {
  const sql = `SELECT id FROM run WHERE agent = ? AND status NOT IN ('queued', 'running') ORDER BY number LIMIT ?`;
  return reader.all(sql, [agent, limit]).map(([id]) => id as string);
}

/** Bytes in the logs of settled runs that are kept. */
export function measureLogs(reader: Reader, filter: RunFilter): number {
  const { sql, params } = conditionOf(filter, 'run');
  return Number(
    reader.get(`SELECT sum(log_bytes) FROM run WHERE ${sql} AND log_removed_for IS NULL`, params)?.[0] ?? 0,
  );
}

/**
 * Deletes an issue with its comments, what was asked about it and the sessions that were kept for it; its runs and wakeups stay as history. Nobody waits
 * for it any more, and its parts stand alone: answers their ids.
 */
export function eraseIssue(writer: Writer, issueId: string): string[] {
  writer.run('DELETE FROM session WHERE task_key = ?', [issueId]);
  writer.run('DELETE FROM question WHERE issue_id = ?', [issueId]);
  deleteBlockersOf(writer, issueId);
  deleteCommentsOf(writer, issueId);
  const children = releaseChildren(writer, issueId);
  deleteIssue(writer, issueId);
  return children;
}

/** Deletes runs with what they delivered. Their agents remember no last run that is gone: see `refreshLastRun`. */
export function eraseRuns(writer: Writer, runIds: readonly string[]): void {
  for (const id of runIds) writer.run('DELETE FROM wakeup WHERE run_id = ?', [id]);
  deleteRuns(writer, runIds);
}

/** Brings what an agent's row says of its last run in line with the runs that there are. */
export function refreshLastRun(writer: Writer, agent: string): void {
  const row = writer.get(
    `SELECT id, status, finished_at FROM run WHERE agent = ? AND status NOT IN ('queued', 'running') AND started_at IS NOT NULL
     ORDER BY number DESC LIMIT 1`,
    [agent],
  );
  if (!row) clearLastRun(writer, agent);
  else setLastRun(writer, agent, { id: row[0] as string, status: row[1] as RunStatus, at: row[2] as number });
}

/** Deletes an agent with all that is left of it; answers the ids of the issues that are nobody's now. */
export function eraseAgent(writer: Writer, agent: string, at: number): string[] {
  writer.run('DELETE FROM wakeup WHERE agent = ?', [agent]);
  writer.run('DELETE FROM question WHERE agent = ?', [agent]);
  writer.run('DELETE FROM run WHERE agent = ?', [agent]);
  deleteSessions(writer, agent);
  deleteEvidence(writer, agent);
  writer.run('DELETE FROM skip_count WHERE agent = ?', [agent]);
  clearStreaks(writer, agent);
  deleteAgent(writer, agent);
  return unassignIssues(writer, agent, at);
}

function conditionOf(filter: RunFilter, table: 'run' | 'wakeup' | 'session' | 'issue' | 'agent'): Condition {
  const nothing = { sql: '0', params: [] };
  if (filter === 'all') return { sql: '1', params: [] };
  if ('agent' in filter) {
    const column = { run: 'agent', wakeup: 'agent', session: 'agent', issue: 'assignee', agent: 'key' }[table];
    return { sql: `${column} = ?`, params: [filter.agent] };
  }
  if ('runId' in filter) {
    if (table === 'run') return { sql: 'id = ?', params: [filter.runId] };
    return table === 'wakeup' ? { sql: 'run_id = ?', params: [filter.runId] } : nothing;
  }
  const column = { run: 'issue_id', wakeup: 'issue_id', session: 'task_key', issue: 'id', agent: null }[table];
  return column === null ? nothing : { sql: `${column} = ?`, params: [filter.issueId] };
}
