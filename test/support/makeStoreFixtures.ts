import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendActivity } from '../../src/runtime/store/activityTable.ts';
import type { Row } from '../../src/runtime/store/database.ts';
import { migrations } from '../../src/runtime/store/migrations.ts';
import { Store, type Reader, type Writer } from '../../src/runtime/store/store.ts';
import { ManualClock } from './manualClock.ts';
import { TestLogger } from './testLogger.ts';
import { wasmPath } from './wasm.ts';

/**
 * Makes test/fixtures/stores/schema-<n>/: what a Reveille with the first n schema steps leaves on the disk, a snapshot and
 * journals, and what was to be read in it. `node test/support/makeStoreFixtures.ts` makes those that are missing, for a new
 * schema step; `--again` makes all anew, which is right only while no step of them was ever released.
 */
export const fixturesFolder = join(import.meta.dirname, '../fixtures/stores');

/** The rows of each table, by column, as they stood before any migration. */
export type Contents = Readonly<Record<string, { readonly columns: readonly string[]; readonly rows: readonly Row[] }>>;

/** What each schema step made possible; later ones come on top. */
const additions: readonly ((writer: Writer, part: number) => void)[] = [
  addFirst,
  addActivity,
  addHistory,
  addChanges,
  addSchedules,
  addQueue,
  addWork,
  addEvidence,
  addAdapters,
  addFresh,
];

/** All tables of a database, in the order of their names, with their rows in the order of their content. */
function readContents(reader: Reader): Contents {
  const tables = reader
    .all(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
    .map(([name]) => String(name));
  const contents = tables.map((table) => {
    const columns = reader.all(`SELECT name FROM pragma_table_info(?)`, [table]).map(([name]) => String(name));
    return [table, { columns, rows: readRows(reader, table, columns) }] as const;
  });
  return Object.fromEntries(contents);
}

/** The rows of a table as far as these columns say. */
export function readRows(reader: Reader, table: string, columns: readonly string[]): Row[] {
  const list = columns.map((column) => `"${column}"`).join(', ');
  return reader.all(`SELECT ${list} FROM "${table}" ORDER BY ${list}`).map((row) => [...row]);
}

function addFirst(writer: Writer, part: number): void {
  const definition = {
    key: `agent${String(part)}`,
    role: 'Reads Ünïcödé 🙂',
    adapter: 'process',
    heartbeat: { enabled: true },
  };
  writer.run(
    `INSERT INTO agent (key, position, definition, fingerprint, is_enforced, state, anchor_at, next_heartbeat_at) VALUES (?, ?, ?, ?, 1, 'active', 1000, 2000)`,
    [definition.key, part, JSON.stringify(definition), 'f'.repeat(64)],
  );
  writer.run(
    `INSERT INTO issue (id, number, title, body, status, priority, assignee, location, created_at, updated_at) VALUES (?, ?, 'Mend it', ?, 'todo', 'high', ?, NULL, 1000, 2000)`,
    [`ISSUE${String(part)}`, part, 'line\nline', definition.key],
  );
  for (const [index, status] of ['succeeded', 'failed', 'queued', 'running'].entries()) {
    const number = part * 10 + index;
    const isSettled = index < 2;
    writer.run(
      `INSERT INTO run (id, number, agent, task_key, issue_id, source, reason, priority, status, queued_at, started_at, finished_at, exit_code, error_code, message, log_bytes)
       VALUES (?, ?, ?, ?, ?, 'assignment', 'why', 2, ?, 1000, ?, ?, ?, ?, ?, ?)`,
      [
        `RUN${String(number)}`,
        number,
        definition.key,
        `task${String(index)}`,
        `ISSUE${String(part)}`,
        status,
        status === 'queued' ? null : 1100,
        isSettled ? 1200 : null,
        isSettled ? index : null,
        status === 'failed' ? 'exit_code' : null,
        status === 'failed' ? 'It failed.' : null,
        isSettled ? 300 : 0,
      ],
    );
    writer.run(
      `INSERT INTO wakeup (id, number, agent, task_key, source, reason, text, issue_id, idempotency_key, status, run_id, requested_at, ended_at)
       VALUES (?, ?, ?, ?, 'assignment', 'why', 'told', ?, ?, ?, ?, 1000, ?)`,
      [
        `WAKE${String(number)}`,
        number,
        definition.key,
        `task${String(index)}`,
        `ISSUE${String(part)}`,
        `key${String(number)}`,
        ['completed', 'failed', 'queued', 'claimed'][index] ?? 'queued',
        `RUN${String(number)}`,
        isSettled ? 1200 : null,
      ],
    );
  }
  writer.run(
    `INSERT INTO session (agent, task_key, adapter, params, runs, created_at, updated_at) VALUES (?, 'task0', 'process', '{}', 3, 1000, 2000)`,
    [definition.key],
  );
  writer.run(`INSERT INTO setting (name, value) VALUES (?, 'value')`, [`setting${String(part)}`]);
}

function addActivity(writer: Writer, part: number): void {
  const entry = { actor: 'runtime', action: 'run.settled', target: `run:RUN${String(part)}`, result: 'succeeded' };
  const about = { at: 1000 + part, agent: `agent${String(part)}`, runId: `RUN${String(part)}`, costMicros: null };
  const text = { value: 'what somebody wrote', salt: '00'.repeat(16) };
  appendActivity(writer, { ...entry, ...about, details: '{"exitCode":0}', text: part === 1 ? text : null }, null);
}

function addHistory(writer: Writer, part: number): void {
  writer.run(`INSERT INTO skip_count (day, agent, reason, skips, last_at) VALUES (?, 'agent1', 'paused', 3, 1000)`, [
    part,
  ]);
  writer.run(
    `INSERT INTO usage_quarter (quarter, agent, model, issue_id, runs, runs_failed, runs_without_cost, run_ms, input_tokens, cached_tokens, output_tokens, cost_micros)
     VALUES (?, 'agent1', '', 'ISSUE1', 1, 0, 1, 100, 0, 0, 0, 0)`,
    [part],
  );
  writer.run('DELETE FROM run WHERE number = ?', [part * 10]);
}

function addChanges(writer: Writer, part: number): void {
  const changes = { kind: 'recorded', files: part, addedLines: 3, removedLines: 1, notes: ['overlap'] };
  writer.run('UPDATE run SET changes = ? WHERE number = ?', [JSON.stringify(changes), part * 10 + 1]);
}

function addSchedules(writer: Writer, part: number): void {
  writer.run(`INSERT INTO named_schedule (id, next_at) VALUES (?, 5000)`, [`heartbeat:name${String(part)}`]);
  writer.run(
    `INSERT INTO heartbeat_run (id, number, name, planned_at, triggered_at, completed_at) VALUES (?, ?, 'name', 1000, 1001, NULL)`,
    [`BEAT${String(part)}`, part],
  );
  writer.run(
    `INSERT INTO heartbeat_part (heartbeat_run_id, agent, wakeup_id, run_id, outcome) VALUES (?, 'agent1', ?, NULL, NULL)`,
    [`BEAT${String(part)}`, `WAKE${String(part)}`],
  );
}

function addQueue(writer: Writer, part: number): void {
  writer.run(`UPDATE run SET place = ? WHERE status = 'queued' AND number = ?`, [part * 1000, part * 10 + 2]);
}

function addWork(writer: Writer, part: number): void {
  writer.run(`UPDATE run SET chain_id = 'RUN1', attempt = 2, not_before = 9000 WHERE number = ?`, [part * 10 + 2]);
  writer.run(`UPDATE wakeup SET author = 'agent', cause_run_id = 'RUN1', hops = 2 WHERE number = ?`, [part * 10 + 2]);
  writer.run(
    `INSERT INTO streak (agent, task_key, failures, same_errors, last_error, unchanged) VALUES ('agent1', ?, 2, 1, 'exit_code', 0)`,
    [`task${String(part)}`],
  );
  writer.run(
    `INSERT INTO rate_limit (key, since, until_at, strikes, probe_run_id, reason) VALUES (?, 1000, 9000, 1, NULL, 'Come back later')`,
    [`provider${String(part)}`],
  );
  writer.run(
    `INSERT INTO question (id, number, run_id, agent, task_key, issue_id, text, choices, status, answer, asked_at, ended_at)
     VALUES (?, ?, 'RUN1', 'agent1', 'task0', NULL, 'Which one?', '["this","that"]', 'pending', NULL, 1000, NULL)`,
    [`QUESTION${String(part)}`, part],
  );
  writer.run(`UPDATE issue SET parent_id = 'ISSUE1' WHERE number = ? AND id <> 'ISSUE1'`, [part]);
  writer.run(`INSERT INTO issue_blocker (issue_id, blocker_id) VALUES (?, 'ISSUE2')`, [`ISSUE${String(part + 2)}`]);
  writer.run(
    `INSERT INTO issue_comment (id, number, issue_id, author, run_id, text, created_at) VALUES (?, ?, 'ISSUE1', 'user', NULL, 'Well done', 1000)`,
    [`COMMENT${String(part)}`, part],
  );
}

function addEvidence(writer: Writer, part: number): void {
  writer.run(`INSERT INTO evidence (agent, kind, value, at) VALUES (?, 'git_head', 'abc', 1000)`, [
    `agent${String(part)}`,
  ]);
}

function addAdapters(writer: Writer, part: number): void {
  const usage = { models: [{ model: 'm', inputTokens: part, costMicros: null }], turns: 1 };
  writer.run(`UPDATE run SET adapter = 'claude_local', usage = ?, session_id = 'S1' WHERE number = ?`, [
    JSON.stringify(usage),
    part * 10 + 1,
  ]);
  writer.run(`UPDATE session SET session_id = 'S1', cwd = '/srv', context_tokens = ?, last_run_id = 'RUN1'`, [part]);
  writer.run(`UPDATE usage_quarter SET cache_write_tokens = 4, listed_micros = 5 WHERE quarter = ?`, [part]);
}

function addFresh(writer: Writer, part: number): void {
  writer.run(`UPDATE wakeup SET is_fresh = 1 WHERE number = ?`, [part * 10 + 1]);
}

async function make(schema: number): Promise<void> {
  const directory = join(fixturesFolder, `schema-${String(schema)}`);
  rmSync(directory, { recursive: true, force: true });
  const state = join(directory, 'state');
  mkdirSync(state, { recursive: true });
  const options = {
    directory: state,
    wasmPath,
    logger: new TestLogger(),
    isFenced: () => false,
    clock: new ManualClock(),
  };
  const steps = migrations.slice(0, schema);
  const add = (store: Store, part: number): void => {
    for (const addition of additions.slice(0, schema))
      store.transact((writer) => {
        addition(writer, part);
      });
  };
  // The first life ends in a snapshot, the second in a journal behind it.
  const first = await Store.open({ ...options, migrations: steps, checkpointRecords: 2 * schema });
  add(first, 1);
  await first.durable();
  await first.close();
  const second = await Store.open({ ...options, migrations: steps });
  add(second, 2);
  add(second, 3);
  writeFileSync(join(directory, 'contents.json'), `${JSON.stringify(readContents(second), null, 1)}\n`);
  await second.close();
}

if (import.meta.main) {
  mkdirSync(fixturesFolder, { recursive: true });
  const existing = process.argv.includes('--again') ? [] : readdirSync(fixturesFolder);
  for (let schema = 1; schema <= migrations.length; schema += 1) {
    if (!existing.includes(`schema-${String(schema)}`)) await make(schema);
  }
}
