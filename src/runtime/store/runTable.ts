import type {
  HoldReason,
  LogRemoval,
  Run,
  RunChanges,
  RunErrorCode,
  RunStatus,
  RunUsage,
  SettledStatus,
  WakeSource,
} from '../model.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import type { Setback } from '../runs/setback.ts';
import type { Row, SqlValue } from './database.ts';
import { nextNumber } from './deletedMark.ts';
import type { SessionEnd } from './sessionTable.ts';
import type { Reader, Writer } from './store.ts';

/** A run with what only the runtime needs to know of it. */
export interface RunRow extends Run {
  /** The number of the last wakeup that its prompt contains; null until it starts. */
  readonly cursor: number | null;
  readonly commandLine: string;
  readonly cwd: string;
  readonly process: ProcessIdentity | null;
  readonly stdoutExcerpt: string;
  readonly stderrExcerpt: string;
  /** A person wants it to run now, whatever holds it that a person may pass over. */
  readonly isForced: boolean;
  /** It waits until a person says whether it is still wanted. */
  readonly needsConfirmation: boolean;
}

/** How a run ended, as its row keeps it. */
export interface Settlement {
  readonly status: SettledStatus;
  readonly finishedAt: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly errorCode: RunErrorCode | null;
  readonly message: string | null;
  /** Why it may succeed later by itself; null if nothing says so. Not kept in the row: what follows from it is. */
  readonly setback: Setback | null;
  readonly stdoutExcerpt: string;
  readonly stderrExcerpt: string;
  readonly logBytes: number;
  /** What it used; null if nothing is known. */
  readonly usage?: RunUsage | null;
  /** The conversation that it was in, as the agent's program names it; null or left out if it has none. */
  readonly sessionId?: string | null;
  /** What becomes of its session; left out where nothing is known: then it counts. */
  readonly session?: SessionEnd;
  /** Whether it said that it changed something; null if it said nothing. */
  readonly hasChanged?: boolean | null;
  /** What is different in its working tree; null or left out for one that was not watched. */
  readonly changes?: RunChanges | null;
}

const listColumns =
  'id, number, agent, task_key, issue_id, source, reason, status, held_for, queued_at, started_at, finished_at, exit_code, signal, error_code, message, log_bytes, is_cancelling, log_removed_for, log_removed_limit, priority, place, changes, chain_id, attempt, not_before, waiting_since, stalled_since, adapter, usage, session_id';
const allColumns = `${listColumns}, cursor, command_line, cwd, pid, pid_start_time, boot_id, stdout_excerpt, stderr_excerpt, is_forced, needs_confirmation`;

/** A run as clients see it in lists. */
export function findListedRun(reader: Reader, id: string): Run | undefined {
  const row = reader.get(`SELECT ${listColumns} FROM run WHERE id = ?`, [id]);
  return row && toRun(row);
}

export function findRun(reader: Reader, id: string): RunRow | undefined {
  const row = reader.get(`SELECT ${allColumns} FROM run WHERE id = ?`, [id]);
  return row && toRunRow(row);
}

/** The key that queued runs start by, smaller first. */
export type QueuePlace = Pick<RunRow, 'priority' | 'place'>;

/** Free places between the runs of two consecutive numbers: each move between two others halves what is left there. */
const placesPerNumber = 2 ** 20;

/** Queued runs in the order in which they may start, from behind a given one. */
export function listQueuedRuns(reader: Reader, after: QueuePlace | null, limit: number): RunRow[] {
  const sql = `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'queued'
    AND (priority, place) > (?, ?) ORDER BY priority, place LIMIT ?`;
  return reader.all(sql, [after?.priority ?? -1, after?.place ?? -1, limit]).map(toRunRow);
}

/** A queued run as far as the order of the queue goes. */
export type QueuedPlace = Pick<RunRow, 'id' | 'agent' | 'issueId' | 'priority' | 'place' | 'heldFor' | 'isForced'>;

const placeColumns = 'id, agent, issue_id, priority, place, held_for, is_forced';

/** Where all queued runs stand, or the first ones, in the order in which they may start. */
export function listQueuedPlaces(reader: Reader, limit = -1): QueuedPlace[] {
  const sql = `SELECT ${placeColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'queued'
    ORDER BY priority, place LIMIT ?`;
  return reader.all(sql, [limit]).map(toQueuedPlace);
}

/** Where a run stands in the queue; undefined if it is not queued. */
export function findQueuedPlace(reader: Reader, id: string): QueuedPlace | undefined {
  const row = reader.get(`SELECT ${placeColumns} FROM run WHERE id = ? AND status = 'queued'`, [id]);
  return row && toQueuedPlace(row);
}

/** Queued runs, oldest first, of which nobody has said yet what they wait for. */
export function listUnheldRuns(reader: Reader, limit: number): string[] {
  const sql = `SELECT id FROM run WHERE status = 'queued' AND held_for IS NULL AND number > 0 ORDER BY number LIMIT ?`;
  return reader.all(sql, [limit]).map(([id]) => id as string);
}

export function listRunningRuns(reader: Reader): RunRow[] {
  return reader
    .all(
      `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'running' ORDER BY priority, place`,
    )
    .map(toRunRow);
}

export function findQueuedRunOfScope(reader: Reader, agent: string, taskKey: string): RunRow | undefined {
  const sql = `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'queued' AND agent = ? AND task_key = ? ORDER BY number LIMIT 1`;
  const row = reader.get(sql, [agent, taskKey]);
  return row && toRunRow(row);
}

export function findRunningRunOfScope(reader: Reader, agent: string, taskKey: string): RunRow | undefined {
  const sql = `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'running' AND agent = ? AND task_key = ? ORDER BY number LIMIT 1`;
  const row = reader.get(sql, [agent, taskKey]);
  return row && toRunRow(row);
}

export function countRuns(reader: Reader, agent: string, status: 'queued' | 'running'): number {
  const sql = `SELECT count(*) FROM run WHERE status IN ('queued', 'running') AND status = ? AND agent = ?`;
  const [count] = reader.get(sql, [status, agent]) ?? [];
  return Number(count);
}

/** Newest first, below `before` (a run number) if given. */
export function listRuns(
  reader: Reader,
  page: { readonly before?: number | undefined; readonly agent?: string | undefined; readonly limit: number },
): Run[] {
  const filter = page.agent === undefined ? '' : 'AND agent = ?';
  const params: SqlValue[] = [page.before ?? Number.MAX_SAFE_INTEGER];
  if (page.agent !== undefined) params.push(page.agent);
  const sql = `SELECT ${listColumns} FROM run WHERE number < ? ${filter} ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [...params, page.limit]).map(toRun);
}

/** The newest run of an agent that its schedule asked for. */
export function findLastScheduledRun(reader: Reader, agent: string): Run | undefined {
  const sql = `SELECT ${listColumns} FROM run WHERE agent = ? AND source = 'timer' ORDER BY number DESC LIMIT 1`;
  const row = reader.get(sql, [agent]);
  return row && toRun(row);
}

/** All that is running, and of what is queued the `limit` that may start first. */
export function listActiveRuns(reader: Reader, limit = 1000): Run[] {
  const sql = `SELECT ${listColumns} FROM run WHERE status IN ('queued', 'running') AND status = ? ORDER BY priority, place LIMIT ?`;
  const running = reader.all(sql, ['running', -1]);
  return [...running, ...reader.all(sql, ['queued', limit])].map(toRun);
}

/** The newest settled runs, newest first. */
export function listSettledRuns(reader: Reader, limit: number): Run[] {
  const sql = `SELECT ${listColumns} FROM run WHERE status NOT IN ('queued', 'running') AND number < ? ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [Number.MAX_SAFE_INTEGER, limit]).map(toRun);
}

export function nextRunNumber(reader: Reader): number {
  return nextNumber(reader, 'run');
}

export interface QueuedRun {
  readonly id: string;
  readonly number: number;
  readonly agent: string;
  readonly taskKey: string;
  readonly issueId: string | null;
  readonly source: WakeSource;
  readonly reason: string;
  readonly priority: number;
  readonly queuedAt: number;
  /** Of another attempt: see `Run`. */
  readonly chainId?: string | null;
  readonly attempt?: number;
  readonly notBefore?: number | null;
  readonly isForced?: boolean;
  readonly needsConfirmation?: boolean;
}

export function insertQueuedRun(writer: Writer, run: QueuedRun): void {
  writer.run(
    `INSERT INTO run (id, number, agent, task_key, issue_id, source, reason, priority, place, status, queued_at, chain_id, attempt,
       not_before, is_forced, needs_confirmation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)`,
    [
      run.id,
      run.number,
      run.agent,
      run.taskKey,
      run.issueId,
      run.source,
      run.reason,
      run.priority,
      run.number * placesPerNumber,
      run.queuedAt,
      run.chainId ?? null,
      run.attempt ?? 1,
      run.notBefore ?? null,
      run.isForced === true ? 1 : 0,
      run.needsConfirmation === true ? 1 : 0,
    ],
  );
}

/** Moves a queued run; one that has started is left alone. */
export function setRunPlace(writer: Writer, id: string, { priority, place }: QueuePlace): void {
  writer.run(`UPDATE run SET priority = ?, place = ? WHERE id = ? AND status = 'queued'`, [priority, place, id]);
}

/** Up to `limit` queued runs before a place, the nearest first. */
export function listQueuedRunsBefore(reader: Reader, { priority, place }: QueuePlace, limit: number): RunRow[] {
  const sql = `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'queued'
    AND (priority, place) < (?, ?) ORDER BY priority DESC, place DESC LIMIT ?`;
  return reader.all(sql, [priority, place, limit]).map(toRunRow);
}

/** How many queued runs stand before a place. */
export function countQueuedRunsBefore(reader: Reader, { priority, place }: QueuePlace): number {
  const sql = `SELECT count(*) FROM run WHERE status IN ('queued', 'running') AND status = 'queued'
    AND (priority, place) < (?, ?)`;
  return Number(reader.get(sql, [priority, place])?.[0] ?? 0);
}

/** The queued run of an agent that may start first. */
export function findFirstQueuedRun(reader: Reader, agent: string): RunRow | undefined {
  const sql = `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'queued' AND agent = ?
    ORDER BY priority, place LIMIT 1`;
  const row = reader.get(sql, [agent]);
  return row && toRunRow(row);
}

/** The last runs of an agent that succeeded or not, newest first: what its next ones will probably take. */
export function listLastRunTimes(reader: Reader, agent: string, limit: number): number[] {
  const sql = `SELECT finished_at - started_at FROM run WHERE agent = ? AND started_at IS NOT NULL AND finished_at IS NOT NULL
    AND (error_code IS NULL OR error_code <> 'process_lost') ORDER BY number DESC LIMIT ?`;
  return reader.all(sql, [agent, limit]).map(([ms]) => Math.max(0, Number(ms)));
}

export function setRunHold(writer: Writer, id: string, heldFor: HoldReason | null): void {
  writer.run(`UPDATE run SET held_for = ? WHERE id = ? AND status = 'queued'`, [heldFor, id]);
}

/** What keeps a queued run from starting before its time, or without a person's word. */
export type RunDelay = Pick<RunRow, 'notBefore' | 'isForced' | 'needsConfirmation'>;

/** Changes when a queued run may start; one that has started is left alone. */
export function setRunDelay(writer: Writer, id: string, { notBefore, isForced, needsConfirmation }: RunDelay): void {
  writer.run(
    `UPDATE run SET not_before = ?, is_forced = ?, needs_confirmation = ? WHERE id = ? AND status = 'queued'`,
    [notBefore, isForced ? 1 : 0, needsConfirmation ? 1 : 0, id],
  );
}

/** How many attempts of a chain ended with a code. */
export function countAttempts(reader: Reader, chainId: string, errorCode: RunErrorCode): number {
  const first = reader.get('SELECT count(*) FROM run WHERE id = ? AND error_code = ?', [chainId, errorCode]);
  const others = reader.get('SELECT count(*) FROM run WHERE chain_id = ? AND error_code = ?', [chainId, errorCode]);
  return Number(first?.[0] ?? 0) + Number(others?.[0] ?? 0);
}

/** The first time after `at` (both epoch ms) before which a queued run does not start; null if there is none. */
export function findNextStart(reader: Reader, at: number): number | null {
  const sql = `SELECT min(not_before) FROM run WHERE status = 'queued' AND not_before IS NOT NULL AND not_before > ?`;
  return (reader.get(sql, [at])?.[0] as number | null | undefined) ?? null;
}

/** All queued runs of an agent. */
export function listQueuedRunsOfAgent(reader: Reader, agent: string): RunRow[] {
  const sql = `SELECT ${allColumns} FROM run WHERE status IN ('queued', 'running') AND status = 'queued' AND agent = ? ORDER BY number`;
  return reader.all(sql, [agent]).map(toRunRow);
}

/** Raises what a queued run was asked for to a stronger source, when a wakeup merges into it. */
export function setRunCause(
  writer: Writer,
  id: string,
  cause: Pick<QueuedRun, 'source' | 'reason' | 'priority'>,
): void {
  writer.run(`UPDATE run SET source = ?, reason = ?, priority = ? WHERE id = ? AND status = 'queued'`, [
    cause.source,
    cause.reason,
    cause.priority,
    id,
  ]);
}

export function markRunStarted(
  writer: Writer,
  id: string,
  start: {
    readonly at: number;
    readonly cursor: number;
    readonly commandLine: string;
    readonly cwd: string;
    readonly adapter: string;
  },
): void {
  writer.run(
    `UPDATE run SET status = 'running', held_for = NULL, started_at = ?, cursor = ?, command_line = ?, cwd = ?, adapter = ?
     WHERE id = ? AND status = 'queued'`,
    [start.at, start.cursor, start.commandLine, start.cwd, start.adapter, id],
  );
}

export function setRunProcess(writer: Writer, id: string, process: ProcessIdentity): void {
  writer.run('UPDATE run SET pid = ?, pid_start_time = ?, boot_id = ? WHERE id = ?', [
    process.pid,
    process.startTime,
    process.bootId,
    id,
  ]);
}

/** Notes the conversation that a running run is in, as the agent's program names it. */
export function setRunSession(writer: Writer, id: string, sessionId: string): void {
  writer.run(`UPDATE run SET session_id = ? WHERE id = ? AND status = 'running'`, [sessionId, id]);
}

/** Notes what a run changed. */
export function setRunChanges(writer: Writer, id: string, changes: RunChanges): void {
  writer.run('UPDATE run SET changes = ? WHERE id = ?', [JSON.stringify(changes), id]);
}

/** Notes since when a running run waits for a person; null: it does not. */
export function setRunWaiting(writer: Writer, id: string, since: number | null): void {
  writer.run(`UPDATE run SET waiting_since = ? WHERE id = ? AND status = 'running'`, [since, id]);
}

/** Notes since when a running run says nothing; null: it does. */
export function setRunStalled(writer: Writer, id: string, since: number | null): void {
  writer.run(`UPDATE run SET stalled_since = ? WHERE id = ? AND status = 'running'`, [since, id]);
}

export function markRunCancelling(writer: Writer, id: string): void {
  writer.run('UPDATE run SET is_cancelling = 1 WHERE id = ?', [id]);
}

/** Settles a run that is queued or running; a settled one is left as it is. */
export function markRunSettled(writer: Writer, id: string, settlement: Settlement): void {
  writer.run(
    `UPDATE run SET status = ?, held_for = NULL, finished_at = ?, exit_code = ?, signal = ?, error_code = ?, message = ?,
       stdout_excerpt = ?, stderr_excerpt = ?, log_bytes = ?, usage = ?, session_id = coalesce(?, session_id), is_cancelling = 0, waiting_since = NULL, stalled_since = NULL
     WHERE id = ? AND status IN ('queued', 'running')`,
    [
      settlement.status,
      settlement.finishedAt,
      settlement.exitCode,
      settlement.signal,
      settlement.errorCode,
      settlement.message,
      settlement.stdoutExcerpt,
      settlement.stderrExcerpt,
      settlement.logBytes,
      settlement.usage ? JSON.stringify(settlement.usage) : null,
      settlement.sessionId ?? null,
      id,
    ],
  );
}

function toRun(row: Row): Run {
  return {
    id: row[0] as string,
    number: row[1] as number,
    agent: row[2] as string,
    taskKey: row[3] as string,
    issueId: row[4] as string | null,
    source: row[5] as WakeSource,
    reason: row[6] as string,
    status: row[7] as RunStatus,
    heldFor: row[8] as HoldReason | null,
    queuedAt: row[9] as number,
    startedAt: row[10] as number | null,
    finishedAt: row[11] as number | null,
    exitCode: row[12] as number | null,
    signal: row[13] as string | null,
    errorCode: row[14] as RunErrorCode | null,
    message: row[15] as string | null,
    logBytes: row[16] as number,
    isCancelling: row[17] === 1,
    logRemoval: toLogRemoval(row),
    priority: row[20] as number,
    place: row[21] as number,
    changes: toChanges(row[22] as string | null),
    chainId: row[23] as string | null,
    attempt: row[24] as number,
    notBefore: row[25] as number | null,
    waitingSince: row[26] as number | null,
    stalledSince: row[27] as number | null,
    adapter: row[28] as string | null,
    usage: toRunUsage(row[29] as string | null),
    sessionId: row[30] as string | null,
  };
}

function toQueuedPlace(row: Row): QueuedPlace {
  return {
    id: row[0] as string,
    agent: row[1] as string,
    issueId: row[2] as string | null,
    priority: row[3] as number,
    place: row[4] as number,
    heldFor: row[5] as HoldReason | null,
    isForced: row[6] === 1,
  };
}

function toLogRemoval(row: Row): LogRemoval | null {
  const reason = row[18] as LogRemoval['reason'] | null;
  return reason === null ? null : { reason, limit: row[19] as number };
}

/** What this very module wrote. */
function toRunUsage(json: string | null): RunUsage | null {
  return json === null ? null : (JSON.parse(json) as RunUsage);
}

/** What this very module wrote. */
function toChanges(json: string | null): RunChanges | null {
  return json === null ? null : (JSON.parse(json) as RunChanges);
}

function toRunRow(row: Row): RunRow {
  const pid = row[34] as number | null;
  return {
    ...toRun(row),
    cursor: row[31] as number | null,
    commandLine: row[32] as string,
    cwd: row[33] as string,
    process: pid === null ? null : { pid, startTime: row[35] as string, bootId: row[36] as string },
    stdoutExcerpt: row[37] as string,
    stderrExcerpt: row[38] as string,
    isForced: row[39] === 1,
    needsConfirmation: row[40] === 1,
  };
}
