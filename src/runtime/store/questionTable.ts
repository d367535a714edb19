import type { Question, QuestionStatus } from '../model.ts';
import type { Row } from './database.ts';
import { nextNumber } from './deletedMark.ts';
import type { Reader, Writer } from './store.ts';

/** A question, whatever became of it. */
export interface QuestionRow extends Question {
  readonly status: QuestionStatus;
  readonly answer: string | null;
}

const columns = 'id, number, run_id, agent, task_key, issue_id, text, choices, asked_at, status, answer';

export function findQuestion(reader: Reader, id: string): QuestionRow | undefined {
  const row = reader.get(`SELECT ${columns} FROM question WHERE id = ?`, [id]);
  return row && toQuestion(row);
}

/** Those that nobody has answered yet, newest first, below `before` (a number) if given. */
export function listPendingQuestions(
  reader: Reader,
  page: { readonly before?: number; readonly limit: number },
): QuestionRow[] {
  const sql = `SELECT ${columns} FROM question WHERE status = 'pending' AND number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [page.before ?? Number.MAX_SAFE_INTEGER, page.limit]).map(toQuestion);
}

/** The pending ones of an agent, or of one of its runs, oldest first. */
export function listPendingOf(reader: Reader, of: { readonly agent: string; readonly runId?: string }): QuestionRow[] {
  const filter = of.runId === undefined ? '' : 'AND run_id = ?';
  const params = of.runId === undefined ? [of.agent] : [of.agent, of.runId];
  const sql = `SELECT ${columns} FROM question WHERE status = 'pending' AND agent = ? ${filter} ORDER BY number`;
  return reader.all(sql, params).map(toQuestion);
}

/** Ids of the pending ones about an issue. */
export function listPendingAbout(reader: Reader, issueId: string): string[] {
  const sql = `SELECT id FROM question WHERE status = 'pending' AND issue_id = ? ORDER BY number`;
  return reader.all(sql, [issueId]).map(([id]) => id as string);
}

/** Adds a pending question. */
export function insertQuestion(writer: Writer, question: Omit<Question, 'number'>): void {
  const { id, runId, agent, taskKey, issueId, text, choices, askedAt } = question;
  writer.run(
    `INSERT INTO question (id, number, run_id, agent, task_key, issue_id, text, choices, status, answer, asked_at, ended_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', NULL, ?, NULL)`,
    [id, nextNumber(writer, 'question'), runId, agent, taskKey, issueId, text, JSON.stringify(choices), askedAt],
  );
}

/** Ends a pending question; one that has ended is left as it is. */
export function endQuestion(
  writer: Writer,
  id: string,
  end: { readonly status: Exclude<QuestionStatus, 'pending'>; readonly answer: string | null; readonly at: number },
): void {
  const sql = `UPDATE question SET status = ?, answer = ?, ended_at = ? WHERE id = ? AND status = 'pending'`;
  writer.run(sql, [end.status, end.answer, end.at, id]);
}

function toQuestion(row: Row): QuestionRow {
  return {
    id: row[0] as string,
    number: row[1] as number,
    runId: row[2] as string,
    agent: row[3] as string,
    taskKey: row[4] as string,
    issueId: row[5] as string | null,
    text: row[6] as string,
    // What this very module wrote.
    choices: JSON.parse(row[7] as string) as string[],
    askedAt: row[8] as number,
    status: row[9] as QuestionStatus,
    answer: row[10] as string | null,
  };
}
