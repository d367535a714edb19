import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ulid } from 'ulid';
import type { Row } from '../../src/runtime/store/database.ts';
import { insertQueuedRun, markRunSettled, markRunStarted, nextRunNumber } from '../../src/runtime/store/runTable.ts';
import type { Reader, Writer } from '../../src/runtime/store/store.ts';
import { insertWakeup, nextWakeupNumber } from '../../src/runtime/store/wakeupTable.ts';

export interface PastRun {
  /** Epoch ms of its end; it began a minute before. */
  readonly endedAt: number;
  readonly agent?: string;
  readonly issueId?: string;
  readonly logBytes?: number;
  readonly state?: 'queued' | 'running' | 'settled';
}

/** Writes a run, by default a settled one, with the wakeup that caused it; answers its id. */
export function addPastRun(writer: Writer, { endedAt, ...part }: PastRun): string {
  const { agent = 'a', issueId = null, logBytes = 10, state = 'settled' } = part;
  const at = endedAt - 60_000;
  const number = nextRunNumber(writer);
  // The chance in it is of no interest, but its order is.
  const id = `${ulid(at).slice(0, 10)}${String(number).padStart(16, '0')}`;
  const asked = { agent, taskKey: `t${String(number)}`, source: 'on_demand', reason: 'r', issueId } as const;
  insertQueuedRun(writer, { ...asked, id, number, priority: 2, queuedAt: at });
  const wakeupNumber = nextWakeupNumber(writer);
  insertWakeup(writer, {
    ...asked,
    id: `w${id}`,
    number: wakeupNumber,
    text: null,
    idempotencyKey: null,
    author: 'user',
    cause: null,
    status: state === 'settled' ? 'completed' : state === 'running' ? 'claimed' : 'queued',
    statusReason: null,
    runId: id,
    requestedAt: at,
    endedAt: state === 'settled' ? endedAt : null,
  });
  if (state === 'queued') return id;
  markRunStarted(writer, id, { at, cursor: wakeupNumber, commandLine: 'true', cwd: '/', adapter: 'process' });
  if (state === 'running') return id;
  const ended = { status: 'succeeded', finishedAt: endedAt, exitCode: 0, signal: null, errorCode: null } as const;
  markRunSettled(writer, id, {
    ...ended,
    message: null,
    stdoutExcerpt: '',
    stderrExcerpt: '',
    logBytes,
    setback: null,
  });
  return id;
}

/** Writes the log and the index of a run. */
export function writeLog(directory: string, runId: string, bytes = 10): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${runId}.log`), 'x'.repeat(bytes));
  writeFileSync(join(directory, `${runId}.idx`), '{}\n');
}

/** All rows of all tables, for comparing databases. */
export function dump(reader: Reader): Record<string, Row[]> {
  const tables = reader
    .all(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .map(([name]) => String(name));
  return Object.fromEntries(
    tables.map((name) => {
      const columns = reader
        .all(`SELECT name FROM pragma_table_info('${name}')`)
        .map(([column]) => `"${String(column)}"`);
      return [name, reader.all(`SELECT ${columns.join(', ')} FROM "${name}" ORDER BY ${columns.join(', ')}`)];
    }),
  );
}
