import { openIssueStatuses } from '../model.ts';
import type { Reader, Writer } from './store.ts';

/** Issues that one waits for at most. */
export const maxBlockers = 20;
/** Issues above one another at most: no walk upwards takes more steps. */
export const maxDepth = 32;

const open = openIssueStatuses.map((status) => `'${status}'`).join(', ');

/** SQL: the ids of the open issues that the issue of the outer row waits for, as a JSON array. */
export const openBlockersOfIssue = `(SELECT json_group_array(blocker_id) FROM (
  SELECT blocker_id FROM issue_blocker WHERE issue_blocker.issue_id = issue.id
    AND EXISTS (SELECT 1 FROM issue AS blocker WHERE blocker.id = blocker_id AND blocker.status IN (${open}))
  ORDER BY blocker_id LIMIT ${String(maxBlockers)}))`;

/** SQL: true if the issue with the id that `start` selects, or one that it is a part of, is marked as blocked or waits for an open issue. */
export function isBlockedSql(start: string): string {
  return `EXISTS (WITH RECURSIVE line (id, depth) AS (
      SELECT ${start}, 0
      UNION ALL
      SELECT part.parent_id, line.depth + 1 FROM line CROSS JOIN issue AS part ON part.id = line.id
        WHERE part.parent_id IS NOT NULL AND line.depth < ${String(maxDepth)})
    SELECT 1 FROM line CROSS JOIN issue AS above ON above.id = line.id WHERE above.status = 'blocked' OR above.status IN (${open}) AND EXISTS (
      SELECT 1 FROM issue_blocker CROSS JOIN issue AS blocker ON blocker.id = issue_blocker.blocker_id
        WHERE issue_blocker.issue_id = line.id AND blocker.status IN (${open})))`;
}

const isBlocked = `SELECT ${isBlockedSql('?')}`;

/** Whether an issue, or one that it is a part of, is marked as blocked or waits for an open issue. */
export function isIssueBlocked(reader: Reader, issueId: string): boolean {
  return reader.get(isBlocked, [issueId])?.[0] === 1;
}

/** Notes that an issue waits for another; what is noted already stays. */
export function insertBlocker(writer: Writer, issueId: string, blockerId: string): void {
  writer.run('INSERT INTO issue_blocker (issue_id, blocker_id) VALUES (?, ?) ON CONFLICT DO NOTHING', [
    issueId,
    blockerId,
  ]);
}

export function deleteBlocker(writer: Writer, issueId: string, blockerId: string): void {
  writer.run('DELETE FROM issue_blocker WHERE issue_id = ? AND blocker_id = ?', [issueId, blockerId]);
}

/** All that an issue waits for, or waited for. */
export function listBlockers(reader: Reader, issueId: string): string[] {
  const sql = 'SELECT blocker_id FROM issue_blocker WHERE issue_id = ? ORDER BY blocker_id';
  return reader.all(sql, [issueId]).map(([id]) => id as string);
}

/** All that wait, or waited, for an issue. */
export function listBlocked(reader: Reader, blockerId: string): string[] {
  const sql = 'SELECT issue_id FROM issue_blocker WHERE blocker_id = ? ORDER BY issue_id';
  return reader.all(sql, [blockerId]).map(([id]) => id as string);
}

/** Forgets what an issue waits for, and that others wait for it. */
export function deleteBlockersOf(writer: Writer, issueId: string): void {
  writer.run('DELETE FROM issue_blocker WHERE issue_id = ?', [issueId]);
  writer.run('DELETE FROM issue_blocker WHERE blocker_id = ?', [issueId]);
}
