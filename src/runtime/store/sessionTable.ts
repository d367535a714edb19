import type { Session } from '../model.ts';
import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

const columns = 'agent, task_key, adapter, runs, created_at, updated_at';

/** Newest first. */
export function listSessions(reader: Reader, agent?: string): Session[] {
  const filter = agent === undefined ? '' : 'WHERE agent = ?';
  const sql = `SELECT ${columns} FROM session ${filter} ORDER BY updated_at DESC, agent, task_key`;
  return reader.all(sql, agent === undefined ? [] : [agent]).map(fromRow);
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
  };
}
