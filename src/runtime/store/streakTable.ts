import type { Reader, Writer } from './store.ts';

/** What an agent repeated in a row, of all its runs (an empty task key) or of those of one scope. */
export interface Streak {
  readonly failures: number;
  readonly sameErrors: number;
  /** The error that `sameErrors` counts, without what differs from run to run. */
  readonly lastError: string | null;
  readonly unchanged: number;
}

export const noStreak: Streak = { failures: 0, sameErrors: 0, lastError: null, unchanged: 0 };

export function findStreak(reader: Reader, agent: string, taskKey: string): Streak {
  const sql = 'SELECT failures, same_errors, last_error, unchanged FROM streak WHERE agent = ? AND task_key = ?';
  const row = reader.get(sql, [agent, taskKey]);
  if (!row) return noStreak;
  return {
    failures: row[0] as number,
    sameErrors: row[1] as number,
    lastError: row[2] as string | null,
    unchanged: row[3] as number,
  };
}

/** Keeps a streak; one that counts nothing leaves no row. */
export function putStreak(writer: Writer, agent: string, taskKey: string, streak: Streak): void {
  const { failures, sameErrors, lastError, unchanged } = streak;
  if (failures + sameErrors + unchanged === 0) {
    writer.run('DELETE FROM streak WHERE agent = ? AND task_key = ?', [agent, taskKey]);
    return;
  }
  writer.run(
    `INSERT INTO streak (agent, task_key, failures, same_errors, last_error, unchanged) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (agent, task_key) DO UPDATE SET failures = excluded.failures, same_errors = excluded.same_errors,
       last_error = excluded.last_error, unchanged = excluded.unchanged`,
    [agent, taskKey, failures, sameErrors, lastError, unchanged],
  );
}

export function clearStreaks(writer: Writer, agent: string): void {
  writer.run('DELETE FROM streak WHERE agent = ?', [agent]);
}
