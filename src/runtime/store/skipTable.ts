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

/** Scheduled heartbeats that came to nothing. */
export interface SkipEvent {
  readonly agent: string;
  readonly reason: SkipReason;
  /** Epoch ms. */
  readonly at: number;
  /** How many; default 1. */
  readonly skips?: number;
}

/** Counts scheduled heartbeats that came to nothing; they leave no rows of their own. Answers whether these are the first of their day. */
export function countSkip(writer: Writer, { agent, reason, at, skips = 1 }: SkipEvent): boolean {
  const day = utcDay(at);
  const known = writer.get('SELECT 1 FROM skip_count WHERE day = ? AND agent = ? AND reason = ?', [day, agent, reason]);
  writer.run(
    `INSERT INTO skip_count (day, agent, reason, skips, last_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (day, agent, reason) DO UPDATE SET skips = skips + excluded.skips, last_at = excluded.last_at`,
    [day, agent, reason, skips, at],
  );
  return known === undefined;
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

/** The skips of one day as a timeline tells them. */
export interface DaySkips {
  readonly day: number;
  /** Epoch ms of the last one. */
  readonly lastAt: number;
  readonly counts: readonly SkipCount[];
}

/** Days before `before` on which an agent skipped, newest first. */
export function listSkipDays(reader: Reader, agent: string, before: number, limit: number): DaySkips[] {
  return reader
    .all(
      'SELECT day, max(last_at) FROM skip_count WHERE agent = ? AND day < ? GROUP BY day ORDER BY day DESC LIMIT ?',
      [agent, before, limit],
    )
    .map(([day, lastAt]) => ({
      day: Number(day),
      lastAt: Number(lastAt),
      counts: listSkips(reader, agent, Number(day)),
    }));
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
