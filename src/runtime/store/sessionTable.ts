import type { ModelUsage, RunErrorCode, Session, SessionParams } from '../model.ts';
import type { Row } from './database.ts';
import type { Reader, Writer } from './store.ts';

/** What names a session. */
export type SessionKey = Pick<Session, 'agent' | 'taskKey' | 'adapter'>;

/** A session with what it takes to go on with it. */
export interface SavedSession extends Session {
  /** As it was stored, for the codec of its adapter to check; null if there is no conversation. */
  readonly params: unknown;
  /** What the agent's program said that the whole conversation has used; null if it did not. */
  readonly totals: readonly ModelUsage[] | null;
  /** The run that has it, or had it last. */
  readonly lastRunId: string | null;
  /** What the next conversation is told of the one that was given up; null if there is nothing to tell. */
  readonly handover: string | null;
}

/** What a run finds when it takes its session. */
export interface TakenSession {
  /** As its last run left it; null if there was none. */
  readonly saved: SavedSession | null;
  /** If there is no conversation: the one that another adapter had of the same task, if there is one. */
  readonly other: SavedSession | null;
  /** What the last runs of whichever of them has a conversation said at their ends, newest first. */
  readonly lastWords: readonly string[];
  /** What a person asked it not to go on with, and is forgotten; none if nobody did, or there was nothing. */
  readonly dropped?: Pick<SavedSession, 'sessionId' | 'runs'>;
}

/** A conversation that can be gone on with. */
export interface SavedConversation {
  readonly params: SessionParams;
  readonly sessionId: string;
  readonly cwd: string;
  readonly contextTokens: number | null;
  readonly totals: readonly ModelUsage[] | null;
}

/** What a run leaves of its session. */
export type SessionEnd =
  /** It was in this conversation; `isNew`: it began it, or its program did unasked. */
  | ({ readonly kind: 'kept'; readonly isNew: boolean } & SavedConversation)
  /** It was lost in a conversation of which only the name is known. */
  | { readonly kind: 'noted'; readonly sessionId: string; readonly cwd: string }
  /** It cannot be gone on with. */
  | { readonly kind: 'cleared'; readonly reason: RunErrorCode; readonly handover: string | null }
  /** It has no conversation and counts for its session; `isNew`: as the first one, whatever was before is given up. */
  | { readonly kind: 'counted'; readonly isNew: boolean }
  /** Nothing was done in it. */
  | { readonly kind: 'unchanged' };

const columns = 'agent, task_key, adapter, runs, created_at, updated_at, session_id, cwd, context_tokens';
const allColumns = `${columns}, params, totals, last_run_id, handover`;
/** Params of a session without a conversation. */
const none = '{}';
/** How many of an agent's last runs are looked at for what a conversation came to, and how many of them are told. */
const lastRuns = { looked: 100, told: 3 };

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

export function findSession(reader: Reader, { agent, taskKey, adapter }: SessionKey): SavedSession | undefined {
  const sql = `SELECT ${allColumns} FROM session WHERE agent = ? AND task_key = ? AND adapter = ?`;
  const row = reader.get(sql, [agent, taskKey, adapter]);
  return row && toSaved(row);
}

/**
 * Gives a session to a run, which is made if there is none; answers how it was before. With `isFresh` all that was kept of the
 * task is forgotten first, for good: whatever comes of the run, nothing goes on with it.
 */
export function takeSession(
  writer: Writer,
  key: SessionKey,
  { runId, at, isFresh }: { readonly runId: string; readonly at: number; readonly isFresh: boolean },
): TakenSession {
  const dropped = isFresh ? dropSessions(writer, key) : undefined;
  const saved = findSession(writer, key) ?? null;
  const other = (saved?.sessionId ?? null) === null ? findOtherSession(writer, key) : null;
  const sessionId = saved?.sessionId ?? other?.sessionId ?? null;
  writer.run(
    `INSERT INTO session (agent, task_key, adapter, params, runs, created_at, updated_at, last_run_id) VALUES (?, ?, ?, '${none}', 0, ?, ?, ?)
     ON CONFLICT (agent, task_key, adapter) DO UPDATE SET last_run_id = excluded.last_run_id`,
    [key.agent, key.taskKey, key.adapter, at, at, runId],
  );
  const lastWords = sessionId === null ? [] : listLastWords(writer, key.agent, sessionId);
  return { saved, other, lastWords, ...(dropped && { dropped }) };
}

/** Forgets what all adapters kept of a task; answers what the adapter of the key had, else another. */
function dropSessions(writer: Writer, key: SessionKey): SavedSession | undefined {
  const dropped = findSession(writer, key) ?? findOtherSession(writer, key) ?? undefined;
  deleteSessions(writer, key.agent, key.taskKey);
  return dropped;
}

/** The conversation that another adapter had last of the same task. */
function findOtherSession(reader: Reader, { agent, taskKey, adapter }: SessionKey): SavedSession | null {
  const sql = `SELECT ${allColumns} FROM session WHERE agent = ? AND task_key = ? AND adapter <> ? AND session_id IS NOT NULL
    ORDER BY updated_at DESC, adapter LIMIT 1`;
  const row = reader.get(sql, [agent, taskKey, adapter]);
  return row ? toSaved(row) : null;
}

/** What the last runs in a conversation said at their ends, newest first; runs long ago are not looked for. */
function listLastWords(reader: Reader, agent: string, sessionId: string): string[] {
  const sql = `SELECT message FROM (SELECT number, session_id, status, message FROM run WHERE agent = ? ORDER BY number DESC LIMIT ?)
    WHERE session_id = ? AND status = 'succeeded' AND message IS NOT NULL ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [agent, lastRuns.looked, sessionId, lastRuns.told]).map(([message]) => message as string);
}

/** Notes the conversation that the session's run, which has ended, was in. What was handed over to it has been told. */
export function keepConversation(
  writer: Writer,
  { agent, taskKey, adapter }: SessionKey,
  kept: SavedConversation & { readonly runs: number; readonly createdAt: number; readonly at: number },
): void {
  writer.run(
    `UPDATE session SET params = ?, session_id = ?, cwd = ?, context_tokens = ?, totals = ?, runs = ?, created_at = ?,
       updated_at = ?, handover = NULL WHERE agent = ? AND task_key = ? AND adapter = ?`,
    [
      JSON.stringify(kept.params),
      kept.sessionId,
      kept.cwd,
      kept.contextTokens,
      kept.totals && JSON.stringify(kept.totals),
      kept.runs,
      kept.createdAt,
      kept.at,
      agent,
      taskKey,
      adapter,
    ],
  );
}

/** Counts a run that has ended without a conversation. */
export function countSessionRun(writer: Writer, { agent, taskKey, adapter }: SessionKey, at: number): void {
  writer.run(`UPDATE session SET runs = runs + 1, updated_at = ? WHERE agent = ? AND task_key = ? AND adapter = ?`, [
    at,
    agent,
    taskKey,
    adapter,
  ]);
}

/** Forgets the conversation of a session and what was counted of it; what it came to is told to the next one. */
export function clearConversation(
  writer: Writer,
  { agent, taskKey, adapter }: SessionKey,
  { at, createdAt, handover }: { readonly at: number; readonly createdAt: number; readonly handover: string | null },
): void {
  writer.run(
    `UPDATE session SET params = '${none}', session_id = NULL, cwd = NULL, context_tokens = NULL, totals = NULL, runs = 0,
       created_at = ?, updated_at = ?, handover = ? WHERE agent = ? AND task_key = ? AND adapter = ?`,
    [createdAt, at, handover, agent, taskKey, adapter],
  );
}

/** Forgets a session in which nothing was ever done. */
export function deleteEmptySession(writer: Writer, { agent, taskKey, adapter }: SessionKey): void {
  writer.run(
    `DELETE FROM session WHERE agent = ? AND task_key = ? AND adapter = ? AND runs = 0 AND session_id IS NULL AND handover IS NULL`,
    [agent, taskKey, adapter],
  );
}

/**
 * Sessions that were last used before a time (epoch ms; null: none are too old), or whose agent is gone; none that a run has
 * now. The oldest first.
 */
export function listSpentSessions(reader: Reader, usedBefore: number | null, limit: number): SessionKey[] {
  const isFree = `NOT EXISTS (SELECT 1 FROM run WHERE run.id = session.last_run_id AND run.status = 'running')`;
  const list = (condition: string, params: readonly number[]): SessionKey[] => {
    const sql = `SELECT agent, task_key, adapter FROM session WHERE ${condition} AND ${isFree}
      ORDER BY updated_at, agent, task_key, adapter LIMIT ?`;
    return reader.all(sql, [...params, limit]).map(toKey);
  };
  const old = usedBefore === null ? [] : list('updated_at < ?', [usedBefore]);
  // Asked only then: it goes through all sessions, by an index.
  return old.length > 0 ? old : list('agent IN (SELECT agent FROM session EXCEPT SELECT key FROM agent)', []);
}

function toKey([agent, taskKey, adapter]: Row): SessionKey {
  return { agent: agent as string, taskKey: taskKey as string, adapter: adapter as string };
}

export function deleteSession(writer: Writer, { agent, taskKey, adapter }: SessionKey): void {
  writer.run('DELETE FROM session WHERE agent = ? AND task_key = ? AND adapter = ?', [agent, taskKey, adapter]);
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

function toSaved(row: Row): SavedSession {
  const session = fromRow(row);
  const totals = row[10] as string | null;
  return {
    ...session,
    params: session.sessionId === null ? null : parseStored(row[9] as string),
    // What this very module wrote.
    totals: totals === null ? null : (JSON.parse(totals) as readonly ModelUsage[]),
    lastRunId: row[11] as string | null,
    handover: row[12] as string | null,
  };
}

/** Undefined for what is no JSON: no codec takes that. */
function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
