import { skipReasons, type SkipReason } from '../model.ts';
import type { Reader, Writer } from './store.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The number of the UTC day that a time (epoch ms) falls into. */
export function utcDay(at: number): number {
  return Math.floor(at / dayMs);
}

/** How often scheduled heartbeats of an agent came to nothing on one day, by reason. */
export interface SkipCount {
  readonly reason: SkipReason;
  readonly skips: number;
}

/** Counts one scheduled heartbeat that came to nothing. Such ticks leave no row of their own. */
export function countSkip(
  writer: Writer,
  skip: { readonly agent: string; readonly reason: SkipReason; readonly at: number },
): void {
  writer.run(
    `INSERT INTO skip_count (day, agent, reason, skips, last_at) VALUES (?, ?, ?, 1, ?)
     ON CONFLICT (day, agent, reason) DO UPDATE SET skips = skips + 1, last_at = excluded.last_at`,
    [utcDay(skip.at), skip.agent, skip.reason, skip.at],
  );
}

/** What an agent skipped on a UTC day, the most frequent reason first. */
export function listSkips(reader: Reader, agent: string, day: number): SkipCount[] {
  return reader
    .all('SELECT reason, skips FROM skip_count WHERE day = ? AND agent = ?', [day, agent])
    .flatMap(([name, skips]) => {
      const reason = skipReasons.find((known) => known === name);
      return reason === undefined ? [] : [{ reason, skips: Number(skips) }];
    })
    .sort((a, b) => b.skips - a.skips);
}

/** Deletes at most `limit` counters of days before `day`, the oldest first; answers how many. */
export function deleteOldSkips(writer: Writer, day: number, limit: number): number {
  const old = writer.all(
    'SELECT day, agent, reason FROM skip_count WHERE day < ? ORDER BY day, agent, reason LIMIT ?',
    [day, limit],
  );
  const last = old.at(-1);
  if (last) writer.run('DELETE FROM skip_count WHERE (day, agent, reason) <= (?, ?, ?)', last);
  return old.length;
}
