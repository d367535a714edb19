import type { Session } from '../model.ts';
import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

const columns = 'agent, task_key, adapter, runs, created_at, updated_at, session_id, cwd, context_tokens';

type SessionPlace = Pick<Session, 'updatedAt' | 'agent' | 'taskKey' | 'adapter'>;

const beforeAll: SessionPlace = { updatedAt: Number.MAX_SAFE_INTEGER, agent: '', taskKey: '', adapter: '' };

/** Newest first, from behind `before` if given. */
export function listSessions(
  reader: Reader,
  page: { readonly agent?: string | undefined; readonly before?: SessionPlace | undefined; readonly limit: number },
): Session[] {
  const { updatedAt, agent, taskKey, adapter } = page.before ?? beforeAll;
  if (page.agent !== undefined) {
    const sql = `SELECT ${columns} FROM session WHERE agent = ? AND (updated_at, task_key, adapter) < (?, ?, ?)
      ORDER BY updated_at DESC, task_key DESC, adapter DESC LIMIT ?`;
    return reader.all(sql, [page.agent, updatedAt, taskKey, adapter, page.limit]).map(fromRow);
  }
  const sql = `SELECT ${columns} FROM session WHERE (updated_at, agent, task_key, adapter) < (?, ?, ?, ?)
    ORDER BY updated_at DESC, agent DESC, task_key DESC, adapter DESC LIMIT ?`;
  return reader.all(sql, [updatedAt, agent, taskKey, adapter, page.limit]).map(fromRow);
}

/** How many sessions there are: of all agents, of one, or of one task. */
export function countSessions(reader: Reader, agent?: string, taskKey?: string): number {
  const filter =
    agent === undefined ? '' : taskKey === undefined ? 'WHERE agent = ?' : 'WHERE agent = ? AND task_key = ?';
  const [count] =
    reader.get(
      `SELECT count(*) FROM session ${filter}`,
      [agent, taskKey].filter((part) => part !== undefined),
    ) ?? [];
  return Number(count);
}

/** How many runs the session of an (agent, task key, adapter) has had; 0 if there is none. */
export function countSessionRuns(reader: Reader, agent: string, taskKey: string, adapter: string): number {
  const sql = 'SELECT runs FROM session WHERE agent = ? AND task_key = ? AND adapter = ?';
  const [runs] = reader.get(sql, [agent, taskKey, adapter]) ?? [];
  return Number(runs ?? 0);
}

/** Counts a settled run into the session of its (agent, task key, adapter), which is made if there is none. */
export function recordSessionRun(
  writer: Writer,
  session: { readonly agent: string; readonly taskKey: string; readonly adapter: string; readonly at: number },
): void {
  writer.run(
    `INSERT INTO session (agent, task_key, adapter, params, runs, created_at, updated_at) VALUES (?, ?, ?, '{}', 1, ?, ?)
     ON CONFLICT (agent, task_key, adapter) DO UPDATE SET runs = runs + 1, updated_at = excluded.updated_at`,
    [session.agent, session.taskKey, session.adapter, session.at, session.at],
  );
}

/** Forgets all sessions of an agent, or the one of a task key. */
export function deleteSessions(writer: Writer, agent: string, taskKey?: string): void {
  if (taskKey === undefined) writer.run('DELETE FROM session WHERE agent = ?', [agent]);
  else writer.run('DELETE FROM session WHERE agent = ? AND task_key = ?', [agent, taskKey]);
}

function fromRow(row: Row): Session {
  return {
    agent: row[0] as string,
    taskKey: row[1] as string,
    adapter: row[2] as string,
    runs: row[3] as number,
    createdAt: row[4] as number,
    updatedAt: row[5] as number,
    sessionId: row[6] as string | null,
    cwd: row[7] as string | null,
    contextTokens: row[8] as number | null,
  };
}
