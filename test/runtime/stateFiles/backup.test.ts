import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { UserErrorKind } from '../../../src/runtime/errors.ts';
import { latestSchema } from '../../../src/runtime/store/migrate.ts';
import { TestRuntime } from '../../support/openTestRuntime.ts';

const echo = `
agents:
  echo: { adapter: process, command: sh, args: [-c, cat], shareCwd: true }
`;

/** A runtime with one settled run and one issue, and a folder beside the workspace. */
async function openWithHistory(): Promise<{ runtime: TestRuntime; outside: string; runId: string }> {
  const runtime = await TestRuntime.open({ configuration: echo });
  const runId = await runtime.wake('echo', { text: 'told once' });
  await runtime.settled(runId);
  await runtime.connection.request('issue.create', { title: 'Mend it' });
  const outside = join(runtime.stateDirectory, '..', 'outside');
  mkdirSync(outside);
  return { runtime, outside, runId };
}

function refusedWith(kind: UserErrorKind, message: RegExp) {
  return (error: unknown) => {
    assert(error instanceof Error && 'kind' in error);
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    return true;
  };
}

describe('A backup of the state', function () {
  this.timeout(60_000);

  it('is a whole SQLite file that another program opens, private to the user', async () => {
    const { runtime, outside, runId } = await openWithHistory();
    await using _runtime = runtime;
    const path = join(outside, 'backup.sqlite');

    const { bytes } = await runtime.connection.request('state.backUp', { path });

    const database = new DatabaseSync(path, { readOnly: true });
    assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    assert.deepEqual({ ...database.prepare('SELECT id, status FROM run').get() }, { id: runId, status: 'succeeded' });
    database.close();
    assert.equal(statSync(path).size, bytes);
    if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(outside), ['backup.sqlite']);
  });

  it('replaces an older file in one step, and a link but not what it leads to', async () => {
    const { runtime, outside } = await openWithHistory();
    await using _runtime = runtime;
    writeFileSync(join(outside, 'precious'), 'as it was');
    symlinkSync(join(outside, 'precious'), join(outside, 'link'));

    await runtime.connection.request('state.backUp', { path: join(outside, 'link') });

    assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'as it was');
    assert.equal(readFileSync(join(outside, 'link')).toString('latin1', 0, 15), 'SQLite format 3');
  });

  it('is refused where there can be no file, and leaves nothing there', async () => {
    const { runtime, outside } = await openWithHistory();
    await using _runtime = runtime;
    symlinkSync(join(runtime.storePath, 'state'), join(outside, 'way-in'));
    const places: [string, RegExp][] = [
      [outside, /is a folder/],
      [join(outside, 'nowhere', 'b.sqlite'), /its folder does not exist/],
      [join(outside, 'way-in', 'snap-1.sqjs'), /Reveille's own storage folder/],
      [join(runtime.storePath, 'b.sqlite'), /Reveille's own storage folder/],
      ['b.sqlite', /not an absolute path/],
      ['/dev/null', /not an ordinary file/],
    ];
    for (const [path, message] of places) {
      await assert.rejects(runtime.connection.request('state.backUp', { path }), refusedWith('invalid', message));
    }
    assert.deepEqual(readdirSync(outside), ['way-in']);
  });

  it('is recorded with who made it', async () => {
    const { runtime, outside } = await openWithHistory();
    await using _runtime = runtime;

    await runtime.connection.request('state.backUp', { path: join(outside, 'b.sqlite') });

    const { entries } = await runtime.connection.request('activity.list', { limit: 1 });
    assert.deepEqual([entries[0]?.action, entries[0]?.actor], ['state.backedUp', 'user:window']);
  });
});

describe('Looking into a backup', function () {
  this.timeout(60_000);

  it('tells what it holds and how old it is', async () => {
    const { runtime, outside, runId } = await openWithHistory();
    await using _runtime = runtime;
    const path = join(outside, 'backup.sqlite');
    await runtime.connection.request('state.backUp', { path });

    const summary = await runtime.connection.request('state.inspectBackup', { path });

    const { agents, issues, runs, schema, folder, newestAt } = summary;
    assert.deepEqual({ agents, issues, runs, schema }, { agents: 1, issues: 1, runs: 1, schema: latestSchema });
    assert.equal(folder, runtime.folder.path);
    assert.ok((newestAt ?? 0) >= (runtime.state.runs.get(runId)?.finishedAt ?? Infinity));
  });

  it('finds each thing that can be wrong with a file, and says so', async () => {
    const { runtime, outside } = await openWithHistory();
    await using _runtime = runtime;
    const good = join(outside, 'good.sqlite');
    await runtime.connection.request('state.backUp', { path: good });
    const image = readFileSync(good);
    const make = (name: string, change: (path: string) => void): string => {
      const path = join(outside, name);
      writeFileSync(path, image);
      change(path);
      return path;
    };
    const alter = (sql: string) => (path: string) => {
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
    };
    const other = join(outside, 'other.sqlite');
    new DatabaseSync(other).exec('CREATE TABLE run (id TEXT)');
    const flipped = make('flipped', (path) => {
      const bytes = Buffer.from(image);
      bytes.fill(0xa5, 4096 * 3, 4096 * 5);
      writeFileSync(path, bytes);
    });
    const open = make('open', () => undefined);
    const holder = new DatabaseSync(open);
    holder.exec(`PRAGMA journal_mode = WAL; INSERT INTO setting VALUES ('a', 'b')`);
    const cases: [string, UserErrorKind, RegExp][] = [
      [make('text', (path) => writeFileSync(path, 'agents: {}')), 'invalid', /not an SQLite database/],
      [make('empty', (path) => writeFileSync(path, '')), 'invalid', /not an SQLite database/],
      [other, 'invalid', /database of another program/],
      [make('newer', alter(`PRAGMA user_version = ${latestSchema + 1}`)), 'version', /newer version of Reveille/],
      [flipped, 'invalid', /damaged|not a whole/],
      [
        make('cut', (path) => writeFileSync(path, image.subarray(0, image.length / 2))),
        'invalid',
        /damaged|not a whole/,
      ],
      [
        make('hostile', alter('CREATE TRIGGER evil AFTER INSERT ON run BEGIN DELETE FROM activity; END')),
        'invalid',
        /trigger evil is not Reveille's/,
      ],
      [make('poorer', alter('DROP INDEX run_by_agent')), 'invalid', /index run_by_agent is missing/],
      [open, 'invalid', /Another program has it open/],
      [join(outside, 'none'), 'not_found', /There is no file/],
      [outside, 'invalid', /not a file/],
    ];
    for (const [path, kind, message] of cases) {
      await assert.rejects(
        runtime.connection.request('state.inspectBackup', { path }),
        refusedWith(kind, message),
        basename(path),
      );
      await assert.rejects(runtime.connection.request('state.restore', { path }), refusedWith(kind, message));
    }
    holder.close();
    // Nothing happened: it still serves.
    assert.equal((await runtime.connection.request('run.list', { limit: 10 })).runs.length, 1);
  });

  it('takes one that a program has turned to a write-ahead log and closed again', async () => {
    const { runtime, outside } = await openWithHistory();
    await using _runtime = runtime;
    const path = join(outside, 'b.sqlite');
    await runtime.connection.request('state.backUp', { path });
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA journal_mode = WAL; INSERT INTO setting VALUES ('a', 'b')`);
    database.close();
    assert.equal(readFileSync(path)[18], 2);

    assert.equal((await runtime.connection.request('state.inspectBackup', { path })).runs, 1);
  });

  it('is, like all that concerns the whole state, not for windows in Restricted Mode', async () => {
    const { runtime, outside } = await openWithHistory();
    await using _runtime = runtime;
    const path = join(outside, 'b.sqlite');
    await runtime.connection.request('state.backUp', { path });
    const restricted = runtime.connect({ kind: 'window', isTrusted: false });
    const refused = refusedWith('trust', /not trusted/);

    for (const method of ['state.backUp', 'state.inspectBackup', 'state.restore', 'state.export'] as const) {
      await assert.rejects(restricted.request(method, { path }), refused);
    }
    await assert.rejects(restricted.request('state.delete', {}), refused);
    await assert.rejects(restricted.request('state.adopt', { entryId: 'a'.repeat(32) }), refused);
    await assert.rejects(restricted.request('agent.delete', { agent: 'echo' }), refused);
    restricted.dispose();
  });
});
