import type { IssueComment } from '../model.ts';
import type { Row } from './database.ts';
import { nextNumber } from './deletedMark.ts';
import type { Reader, Writer } from './store.ts';

/** Comments that an issue keeps: the oldest goes when one more is written. */
export const maxComments = 1000;

const columns = 'id, number, issue_id, author, run_id, text, created_at';

export function nextCommentNumber(reader: Reader): number {
  return nextNumber(reader, 'issue_comment');
}

/** Adds a comment; the oldest beyond `maxComments` of the issue go. */
export function insertComment(writer: Writer, comment: IssueComment): void {
  const { id, number, issueId, author, runId, text, createdAt } = comment;
  writer.run(`INSERT INTO issue_comment (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`, [
    id,
    number,
    issueId,
    author,
    runId,
    text,
    createdAt,
  ]);
  const beyond = `SELECT number FROM issue_comment WHERE issue_id = ? ORDER BY number DESC LIMIT 1 OFFSET ${String(maxComments)}`;
  const [last] = writer.get(beyond, [issueId]) ?? [];
  if (typeof last !== 'number') return;
  writer.run('DELETE FROM issue_comment WHERE issue_id = ? AND number <= ?', [issueId, last]);
}

/** Of an issue, newest first, below `before` (a comment's number). */
export function listComments(
  reader: Reader,
  page: { readonly issueId: string; readonly before?: number | undefined; readonly limit: number },
): IssueComment[] {
  const sql = `SELECT ${columns} FROM issue_comment WHERE issue_id = ? AND number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [page.issueId, page.before ?? Number.MAX_SAFE_INTEGER, page.limit]).map(fromRow);
}

/** Of all issues, newest first, below a number. */
export function listAllComments(reader: Reader, before: number, limit: number): IssueComment[] {
  const sql = `SELECT ${columns} FROM issue_comment WHERE number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [before, limit]).map(fromRow);
}

export function deleteCommentsOf(writer: Writer, issueId: string): void {
  writer.run('DELETE FROM issue_comment WHERE issue_id = ?', [issueId]);
}

function fromRow(row: Row): IssueComment {
  return {
    id: row[0] as string,
    number: row[1] as number,
    issueId: row[2] as string,
    author: row[3] as string,
    runId: row[4] as string | null,
    text: row[5] as string,
    createdAt: row[6] as number,
  };
}
