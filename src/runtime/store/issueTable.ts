import { openIssueStatuses, type Issue, type IssueLocation, type IssuePriority, type IssueStatus } from '../model.ts';
import type { Row } from './database.ts';
import { nextNumber } from './deletedMark.ts';
import type { Reader, Writer } from './store.ts';

const columns = 'id, number, title, body, status, priority, assignee, location, created_at, updated_at';
const openStatuses = openIssueStatuses.map((status) => `'${status}'`).join(', ');

export function findIssue(reader: Reader, id: string): Issue | undefined {
  const row = reader.get(`SELECT ${columns} FROM issue WHERE id = ?`, [id]);
  return row && fromRow(row);
}

/** Newest first, below `before` (an issue number) if given. */
export function listIssues(
  reader: Reader,
  page: { readonly before?: number | undefined; readonly limit: number; readonly includeClosed: boolean },
): Issue[] {
  const filter = page.includeClosed ? '' : `AND status IN (${openStatuses})`;
  const sql = `SELECT ${columns} FROM issue WHERE number < ? ${filter} ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [page.before ?? Number.MAX_SAFE_INTEGER, page.limit]).map(fromRow);
}

/** Whether an issue that the agent can go on with is assigned to it; one in review or blocked waits for somebody else. */
export function hasIssueToDo(reader: Reader, assignee: string): boolean {
  const sql = `SELECT 1 FROM issue WHERE assignee = ? AND status IN ('todo', 'in_progress') LIMIT 1`;
  return reader.get(sql, [assignee]) !== undefined;
}

export function nextIssueNumber(reader: Reader): number {
  return nextNumber(reader, 'issue');
}

export function insertIssue(writer: Writer, issue: Issue): void {
  writer.run(`INSERT INTO issue (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    issue.id,
    issue.number,
    issue.title,
    issue.body,
    issue.status,
    issue.priority,
    issue.assignee,
    issue.location && JSON.stringify(issue.location),
    issue.createdAt,
    issue.updatedAt,
  ]);
}

export function setIssueStatus(writer: Writer, id: string, status: IssueStatus, at: number): void {
  writer.run('UPDATE issue SET status = ?, updated_at = ? WHERE id = ?', [status, at, id]);
}

export function setIssueAssignee(writer: Writer, id: string, assignee: string | null, at: number): void {
  writer.run('UPDATE issue SET assignee = ?, updated_at = ? WHERE id = ?', [assignee, at, id]);
}

/** Takes all issues from an agent; answers their ids. */
export function unassignIssues(writer: Writer, assignee: string, at: number): string[] {
  const ids = writer
    .all('SELECT id FROM issue WHERE assignee = ? ORDER BY number', [assignee])
    .map(([id]) => id as string);
  for (const id of ids) setIssueAssignee(writer, id, null, at);
  return ids;
}

export function deleteIssue(writer: Writer, id: string): void {
  writer.run('DELETE FROM issue WHERE id = ?', [id]);
}

function fromRow(row: Row): Issue {
  return {
    id: row[0] as string,
    number: row[1] as number,
    title: row[2] as string,
    body: row[3] as string,
    status: row[4] as IssueStatus,
    priority: row[5] as IssuePriority,
    assignee: row[6] as string | null,
    location: row[7] === null ? null : (JSON.parse(row[7] as string) as IssueLocation),
    createdAt: row[8] as number,
    updatedAt: row[9] as number,
  };
}
