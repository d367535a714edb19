import { openIssueStatuses, type Issue, type IssueLocation, type IssuePriority, type IssueStatus } from '../model.ts';
import type { Row } from './database.ts';
import { nextNumber } from './deletedMark.ts';
import { isBlockedSql, openBlockersOfIssue } from './issueBlockerTable.ts';
import type { Reader, Writer } from './store.ts';

const ownColumns = 'id, number, title, body, status, priority, assignee, location, created_at, updated_at, parent_id';
const openStatuses = openIssueStatuses.map((status) => `'${status}'`).join(', ');
const columns = `${ownColumns}, ${openBlockersOfIssue},
  (SELECT count(*) FROM issue AS child WHERE child.parent_id = issue.id AND child.status IN (${openStatuses})),
  (SELECT count(*) FROM issue_comment WHERE issue_comment.issue_id = issue.id),
  (SELECT max(requested_at) FROM wakeup WHERE wakeup.issue_id = issue.id AND status_reason = 'hop_limit')`;

/** An issue as it is written; what follows from other rows is left out. */
export type NewIssue = Omit<Issue, 'parentId' | 'blockedBy' | 'openChildren' | 'comments' | 'loopStoppedAt'> & {
  readonly parentId?: string | null;
};

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

/**
 * Whether an issue that the agent can go on with is assigned to it. One in review waits for somebody else; so does one that is
 * blocked, or is a part of one that is.
 */
export function hasIssueToDo(reader: Reader, assignee: string): boolean {
  const sql = `SELECT 1 FROM issue WHERE assignee = ? AND status IN ('todo', 'in_progress') AND NOT ${isBlockedSql('issue.id')} LIMIT 1`;
  return reader.get(sql, [assignee]) !== undefined;
}

export function nextIssueNumber(reader: Reader): number {
  return nextNumber(reader, 'issue');
}

/** The parts of an issue, oldest first. */
export function listChildren(reader: Reader, parentId: string, limit: number): Issue[] {
  const sql = `SELECT ${columns} FROM issue WHERE parent_id = ? ORDER BY number LIMIT ?`;
  return reader.all(sql, [parentId, limit]).map(fromRow);
}

/** Makes the parts of an issue issues of their own; answers their ids. */
export function releaseChildren(writer: Writer, parentId: string): string[] {
  const ids = writer.all('SELECT id FROM issue WHERE parent_id = ? ORDER BY number', [parentId]);
  writer.run('UPDATE issue SET parent_id = NULL WHERE parent_id = ?', [parentId]);
  return ids.map(([id]) => id as string);
}

export function insertIssue(writer: Writer, issue: NewIssue): void {
  writer.run(`INSERT INTO issue (${ownColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
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
    issue.parentId ?? null,
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
    parentId: row[10] as string | null,
    blockedBy: JSON.parse(row[11] as string) as string[],
    openChildren: row[12] as number,
    comments: row[13] as number,
    loopStoppedAt: row[14] as number | null,
  };
}
