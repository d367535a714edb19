import {
  genesisHash,
  hashActivity,
  hashAnchor,
  hashText,
  type ActivityAnchor,
  type ActivityRow,
  type AuditKey,
} from './activityChain.ts';
import { toStorable, type Row, type SqlValue } from './database.ts';
import type { Reader, Writer } from './store.ts';

/** What is to be appended; number and hashes follow from the chain. */
export interface NewActivity extends Pick<
  ActivityRow,
  'at' | 'actor' | 'action' | 'target' | 'agent' | 'runId' | 'result' | 'costMicros' | 'details'
> {
  /** What somebody wrote, and 16 random bytes as hex digits that keep its hash from being guessed. */
  readonly text: { readonly value: string; readonly salt: string } | null;
}

/** A row with the text beside it; null if it has none, or not any more. */
export interface ActivityWithText extends ActivityRow {
  readonly text: string | null;
}

/** Where the chain ends. */
export type ActivityEnd = Pick<ActivityRow, 'number' | 'hash'>;

const columns =
  'number, at, actor, action, target, agent, run_id, result, cost_micros, details, text_hash, key_id, hash';
const anchorColumns = 'last_number, last_hash, first_at, last_at, pruned_at, key_id, hash';

/** Rows that one call removes at most; each may have a text beside it. */
const pruneSlice = 250;

/** Appends a row to the chain, as part of the caller's transaction. */
export function appendActivity(writer: Writer, activity: NewActivity, key: AuditKey | null): ActivityRow {
  const end = findActivityEnd(writer);
  const { text, ...fields } = storable(activity);
  const row = {
    ...fields,
    number: end.number + 1,
    textHash: text === null ? null : hashText(text.value, text.salt),
    keyId: key?.id ?? null,
  };
  const hash = hashActivity(row, end.hash, key);
  writer.run(`INSERT INTO activity (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    row.number,
    row.at,
    row.actor,
    row.action,
    row.target,
    row.agent,
    row.runId,
    row.result,
    row.costMicros,
    row.details,
    row.textHash,
    row.keyId,
    hash,
  ]);
  if (text !== null) {
    writer.run('INSERT INTO activity_text (number, salt, text) VALUES (?, ?, ?)', [row.number, text.salt, text.value]);
  }
  return { ...row, hash };
}

/** The newest row, or what the next one continues from if there is none. */
export function findActivityEnd(reader: Reader): ActivityEnd {
  const row = reader.get('SELECT number, hash FROM activity ORDER BY number DESC LIMIT 1');
  if (row) return { number: row[0] as number, hash: row[1] as string };
  const anchor = findActivityAnchor(reader);
  return anchor ? { number: anchor.lastNumber, hash: anchor.lastHash } : { number: 0, hash: genesisHash };
}

export function findActivity(reader: Reader, number: number): ActivityRow | undefined {
  const row = reader.get(`SELECT ${columns} FROM activity WHERE number = ?`, [number]);
  return row && fromRow(row);
}

/** The key of the newest row that has one; null if there is none. */
export function findLastKeyId(reader: Reader): string | null {
  const row = reader.get('SELECT key_id FROM activity WHERE key_id IS NOT NULL ORDER BY number DESC LIMIT 1');
  return row ? (row[0] as string) : null;
}

export function findActivityAnchor(reader: Reader): ActivityAnchor | undefined {
  const row = reader.get(`SELECT ${anchorColumns} FROM activity_anchor`);
  if (!row) return undefined;
  return {
    lastNumber: row[0] as number,
    lastHash: row[1] as string,
    firstAt: row[2] as number,
    lastAt: row[3] as number,
    prunedAt: row[4] as number,
    keyId: row[5] as string | null,
    hash: row[6] as string,
  };
}

/** Newest first, below `before` (a row's number) if given. */
export function listActivity(
  reader: Reader,
  page: {
    readonly before?: number | undefined;
    readonly agent?: string | undefined;
    readonly runId?: string | undefined;
    readonly limit: number;
  },
): ActivityWithText[] {
  const params: SqlValue[] = [page.before ?? Number.MAX_SAFE_INTEGER];
  let filter = '';
  for (const [column, value] of [
    ['run_id', page.runId],
    ['agent', page.agent],
  ] as const) {
    if (value === undefined) continue;
    filter += ` AND ${column} = ?`;
    params.push(value);
  }
  const sql = `SELECT ${columns} FROM activity WHERE number < ?${filter} ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [...params, page.limit]).map((row) => withText(reader, fromRow(row)));
}

/** What was decided about an agent other than its wakes and runs, newest first, below a number; the index knows the same actions. */
export function listAgentChanges(reader: Reader, agent: string, before: number, limit: number): ActivityWithText[] {
  const sql = `SELECT ${columns} FROM activity WHERE agent = ? AND number < ?
    AND action NOT IN ('wake.requested', 'run.claimed', 'run.settled') ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [agent, before, limit]).map((row) => withText(reader, fromRow(row)));
}

/** What concerned the wakes of all agents, newest first, below a number; the index knows the same actions. */
export function listFolderChanges(reader: Reader, before: number, limit: number): ActivityWithText[] {
  const sql = `SELECT ${columns} FROM activity WHERE action IN ('everything.stopped', 'everything.released',
    'runtime.started', 'runtime.stopped', 'clock.jumped', 'state.continued', 'state.restored', 'state.adopted')
    AND number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [before, limit]).map((row) => withText(reader, fromRow(row)));
}

/** Oldest first, from behind a number: for walking through all of it in slices. */
export function listActivityAfter(reader: Reader, after: number, limit: number): ActivityRow[] {
  const sql = `SELECT ${columns} FROM activity WHERE number > ? ORDER BY number LIMIT ?`;
  return reader.all(sql, [after, limit]).map(fromRow);
}

/** The text beside a row with the salt of its hash, unless it was erased. */
export function findActivityText(reader: Reader, number: number): { text: string; salt: string } | undefined {
  const row = reader.get('SELECT text, salt FROM activity_text WHERE number = ?', [number]);
  return row && { text: row[0] as string, salt: row[1] as string };
}

/** Erases the texts, and with them the salts, beside all rows about a run, an issue or an agent; answers how many. The chain stays whole. */
export function eraseActivityTexts(
  writer: Writer,
  about: { readonly runId: string } | { readonly issueId: string } | { readonly agent: string },
): number {
  const [condition, value] =
    'runId' in about
      ? ['run_id = ?', about.runId]
      : 'agent' in about
        ? ['agent = ?', about.agent]
        : ['target = ?', `issue:${about.issueId}`];
  const sql = `SELECT activity.number FROM activity_text JOIN activity ON activity.number = activity_text.number
    WHERE activity.${condition} ORDER BY activity.number`;
  const numbers = writer.all(sql, [value]).map(([number]) => number as number);
  for (const number of numbers) writer.run('DELETE FROM activity_text WHERE number = ?', [number]);
  return numbers.length;
}

/**
 * The number of the oldest row that is to stay, of those younger than a time (epoch ms) and those within a count; null: no such
 * limit. The newest row always stays, because the chain goes on from it.
 */
export function oldestActivityToKeep(
  reader: Reader,
  limits: { readonly olderThan: number | null; readonly keepCount: number | null },
): number {
  const last = findActivityEnd(reader).number;
  const first = findActivityAnchor(reader)?.lastNumber ?? 0;
  const byCount = limits.keepCount === null ? 0 : last - limits.keepCount + 1;
  return Math.min(last, Math.max(first + 1, byCount, firstSince(reader, limits.olderThan) ?? last));
}

function firstSince(reader: Reader, at: number | null): number | undefined {
  if (at === null) return 0;
  const [number] = reader.get('SELECT number FROM activity WHERE at >= ? ORDER BY number LIMIT 1', [at]) ?? [];
  return typeof number === 'number' ? number : undefined;
}

export interface PruneActivity {
  /** Everything below this number may go; the newest row stays in any case. */
  readonly beforeNumber: number;
  /** Epoch ms. */
  readonly at: number;
  readonly key: AuditKey | null;
  /** For checking the anchor that is to be replaced. */
  readonly keyOf: (keyId: string) => AuditKey | undefined;
}

/**
 * Replaces the oldest rows, 250 at most, by the anchor; answers how many, 0 when nothing is left to do. Without a key it removes
 * nothing that was written with one, and it removes nothing where rows are missing or the anchor does not fit: that would hide it.
 */
export function pruneActivity(writer: Writer, options: PruneActivity): number {
  const before = findActivityAnchor(writer);
  if (before && checkAnchor(before, options.keyOf) === 'wrong') return 0;
  const from = before?.lastNumber ?? 0;
  const to = Math.min(options.beforeNumber, findActivityEnd(writer).number, from + pruneSlice + 1) - 1;
  const last = to > from ? findActivity(writer, to) : undefined;
  if (!last) return 0;
  const next = findActivity(writer, to + 1);
  const [count] = writer.get('SELECT count(*) FROM activity WHERE number <= ?', [to]) ?? [];
  if (count !== to - from) return 0;
  const isKeyed = [before, last, next].some((part) => (part?.keyId ?? null) !== null);
  if (isKeyed && options.key === null) return 0;
  putAnchor(writer, makeAnchor(writer, { before, last, options }));
  writer.run('DELETE FROM activity WHERE number <= ?', [to]);
  writer.run('DELETE FROM activity_text WHERE number <= ?', [to]);
  return to - from;
}

/** Whether an anchor is as it was written; `unknown` without its key. */
export function checkAnchor(
  anchor: ActivityAnchor,
  keyOf: (keyId: string) => AuditKey | undefined,
): 'right' | 'wrong' | 'unknown' {
  const key = anchor.keyId === null ? null : keyOf(anchor.keyId);
  if (key === undefined) return 'unknown';
  return hashAnchor(anchor, key) === anchor.hash ? 'right' : 'wrong';
}

function makeAnchor(
  reader: Reader,
  parts: {
    readonly before: ActivityAnchor | undefined;
    readonly last: ActivityRow;
    readonly options: PruneActivity;
  },
): ActivityAnchor {
  const { before, last, options } = parts;
  const [firstAt, lastAt] = reader.get('SELECT min(at), max(at) FROM activity WHERE number <= ?', [last.number]) ?? [];
  const anchor = {
    lastNumber: last.number,
    lastHash: last.hash,
    firstAt: Math.min(before?.firstAt ?? Infinity, firstAt as number),
    lastAt: Math.max(before?.lastAt ?? -Infinity, lastAt as number),
    prunedAt: options.at,
    keyId: options.key?.id ?? null,
  };
  return { ...anchor, hash: hashAnchor(anchor, options.key) };
}

function putAnchor(writer: Writer, anchor: ActivityAnchor): void {
  writer.run(`INSERT OR REPLACE INTO activity_anchor (id, ${anchorColumns}) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`, [
    anchor.lastNumber,
    anchor.lastHash,
    anchor.firstAt,
    anchor.lastAt,
    anchor.prunedAt,
    anchor.keyId,
    anchor.hash,
  ]);
}

function withText(reader: Reader, row: ActivityRow): ActivityWithText {
  return { ...row, text: row.textHash === null ? null : (findActivityText(reader, row.number)?.text ?? null) };
}

/** As the store will keep it, so that the hash of what was written is the hash of what is read. */
function storable(activity: NewActivity): NewActivity {
  const clean = (text: string): string => toStorable([text])[0] as string;
  const { actor, action, target, agent, runId, result, details, text } = activity;
  return {
    at: activity.at,
    actor: clean(actor),
    action: clean(action),
    target: clean(target),
    agent: agent === null ? null : clean(agent),
    runId: runId === null ? null : clean(runId),
    result: clean(result),
    costMicros: activity.costMicros,
    details: clean(details),
    text: text && { value: clean(text.value), salt: text.salt },
  };
}

function fromRow(row: Row): ActivityRow {
  return {
    number: row[0] as number,
    at: row[1] as number,
    actor: row[2] as string,
    action: row[3] as string,
    target: row[4] as string,
    agent: row[5] as string | null,
    runId: row[6] as string | null,
    result: row[7] as string,
    costMicros: row[8] as number | null,
    details: row[9] as string,
    textHash: row[10] as string | null,
    keyId: row[11] as string | null,
    hash: row[12] as string,
  };
}
