import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isAlive } from '../../../src/runtime/processIdentity.ts';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

interface Spoken {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the command line as a person in `folder` would. */
async function say(place: Place, words: readonly string[], folder = place.folder, input?: string): Promise<Spoken> {
  const child = spawn(process.execPath, [join(place.product.directory, 'cli.js'), ...words], {
    cwd: folder,
    env: { ...process.env, REVEILLE_STATE_HOME: place.stateHome },
    stdio: 'pipe',
  });
  child.stdin.end(input ?? '');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output, errors };
}

/** What a person reads after a command that went well. */
async function read(place: Place, words: readonly string[], folder?: string): Promise<string> {
  const { code, output, errors } = await say(place, words, folder);
  assert.deepEqual([code, errors], [0, ''], `${words.join(' ')} said: ${output}`);
  return output;
}

async function readAudit(place: Place): Promise<string> {
  const file = join(place.path, `audit-${Date.now()}.jsonl`);
  await read(place, ['audit', 'export', file]);
  const rows = readFileSync(file, 'utf8').trim().split('\n');
  return JSON.stringify({ entries: rows.map((row) => (JSON.parse(row) as { action?: string }).action) });
}

describe('The command line', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('gives the runtime a secret that it reads from standard input', async () => {
    await using place = await Place.make();

    const { code, output } = await say(place, ['secret', 'set', 'DEPLOY_TOKEN'], place.folder, 'open sesame\n');
    assert.deepEqual([code, output], [0, 'DEPLOY_TOKEN is set until the runtime of this folder ends.\n']);
    assert.equal(await read(place, ['secrets']), 'No agent needs a secret.\n');
    assert.match(await readAudit(place), /secret\.set/);
    assert.equal((await say(place, ['secret', 'set', 'DEPLOY_TOKEN', 'open sesame'])).code, 1);
  });

  it('shows, accepts, wakes, follows and reads logs, with exit codes', async () => {
    await using place = await Place.make();

    assert.match(await read(place, ['status']), /worker +pending_approval[\s\S]*quick +pending_approval/);
    const early = await read(place, ['wake', 'quick', '--message', 'told early']);
    assert.match(early, /has not been accepted/);
    assert.match(await read(place, ['accept']), /worker: [\s\S]*quick: /);
    assert.equal(await read(place, ['accept']), 'Nothing waits for your consent.\n');
    await poll(() => place.started.length === 1, 'the held wake is delivered');

    const followed = await read(place, ['wake', 'quick', '--message', 'told now', '--follow']);
    assert.match(followed, /told now[\s\S]*quick Succeeded[\s\S]*Its log: /i);
    assert.match(await read(place, ['log', place.started[0] ?? '']), /told early/);
    assert.equal(await read(place, ['queue']), 'Nothing waits.\n');
    const why = await read(place, ['why', 'quick']);
    assert.match(
      why,
      /^quick does not run because it has no schedule and nothing waits; it wakes by: [\s\S]*Wake by on demand: /,
    );
    assert.match(why, new RegExp(`Run \\d+ ${place.started[0] ?? ''} · succeeded`));
    assert.equal(await read(place, ['simulate']), 'No agent has a schedule: nothing starts by itself.\n');
    assert.match(await read(place, ['stop-runtime']), /^$/);
  });

  it('cancels a run, which makes the one who follows it fail', async () => {
    await using place = await Place.make();
    await read(place, ['accept']);
    const following = say(place, ['wake', 'worker', '--follow']);
    await poll(() => place.started.length === 1, 'the worker works');
    const [runId = ''] = place.started;
    assert.match(await read(place, ['status']), new RegExp(`${runId}  worker  `));

    await read(place, ['cancel', runId]);

    const { code, output } = await following;
    assert.equal(code, 1);
    assert.match(output, /worker Cancelled/i);
    await read(place, ['stop-runtime']);
  });

  it('stops everything in two folders, holds what comes, and lets it go on', async () => {
    await using place = await Place.make();
    const second = place.makeFolder('second');
    for (const folder of [place.folder, second]) {
      await read(place, ['accept'], folder);
      await read(place, ['wake', 'worker'], folder);
    }
    await poll(async () => (await place.processesOfRuns()).length >= 4, 'both workers work');

    assert.match(await read(place, ['stop-everything']), /Stopped everything; runtimes alive: 2/);
    await poll(async () => (await place.processesOfRuns()).length === 0, 'everything has ended');
    assert.match(await read(place, ['status'], second), /Everything is stopped; "reveille release"/);
    assert.match(await read(place, ['wake', 'quick', '--message', 'after'], second), /queued/);
    assert.match(await read(place, ['release']), /Released everything; runtimes alive: 2/);
    const [, log] = await Promise.all([
      read(place, ['status']),
      read(place, ['wake', 'quick', '--follow', '--message', 'next'], second),
    ]);
    assert.match(log, /next/);
    for (const folder of [place.folder, second]) await read(place, ['stop-runtime'], folder);
  });

  it('finds the audit log whole after a backup from before was restored', async () => {
    await using place = await Place.make();
    const backup = join(place.path, 'before.sqlite');
    await read(place, ['accept']);
    await read(place, ['backup', backup]);
    await read(place, ['wake', 'quick', '--follow']);
    await read(place, ['stop-runtime']);
    await poll(() => !isAlive(place.owner.identity), 'the runtime ends');
    await read(place, ['restore', backup, '--yes']);

    assert.match(await read(place, ['audit', 'verify']), /^The audit log is whole/);
    await read(place, ['stop-runtime']);
    await poll(() => !isAlive(place.owner.identity), 'the runtime ends');
    assert.match(await read(place, ['audit', 'verify']), /^The audit log is whole/);
    await read(place, ['stop-runtime']);
  });

  it('verifies the audit log, exports it, and says with its exit code when something does not fit', async () => {
    await using place = await Place.make();
    await read(place, ['accept']);
    await read(place, ['wake', 'quick', '--message', 'remember this', '--follow']);
    assert.match(
      await read(place, ['audit', 'verify']),
      /^The audit log is whole: \d+ entries fit\.[\s\S]*accidents only/,
    );
    const csv = join(place.path, 'audit.csv');
    assert.match(
      await read(place, ['audit', 'export', csv, '--format', 'csv', '--texts']),
      /Entries written to .*audit\.csv: \d+/,
    );
    assert.match(readFileSync(csv, 'utf8'), /^number,time,[\s\S]*,wake\.requested,[\s\S]*remember this/);
    for (const [words, expected] of [
      [['audit', 'export', csv], /exists already/],
      [['audit', 'export', join(place.path, 'x'), '--format', 'xml'], /jsonl or csv/],
      [['audit', 'export'], /^Name a file/],
      [['audit'], /^Say "audit verify"/],
    ] as const) {
      const { code, errors } = await say(place, words);
      assert.equal(code, 1);
      assert.match(errors, expected);
    }

    await read(place, ['stop-runtime']);
    await poll(() => !isAlive(place.owner.identity), 'the runtime ends');
    const store = await place.openStore();
    store.transact((writer) => {
      writer.run("UPDATE activity SET actor = 'user:window' WHERE action = 'wake.requested'");
    });
    await store.close();

    const { code, output } = await say(place, ['audit', 'verify']);
    assert.equal(code, 1);
    assert.match(output, /^Entry \d+ \(wake\.requested, .* UTC\) does not fit/);
    await read(place, ['stop-runtime']);
  });

  it('backs up, exports, restores and deletes, and only with --yes what cannot be undone', async () => {
    await using place = await Place.make();
    await read(place, ['accept']);
    await read(place, ['wake', 'quick', '--follow', '--message', 'kept']);
    assert.match(
      await read(place, ['backup', '../b.sqlite']),
      /b\.sqlite \(\d+ kB\)\. Logs of runs and consents are not/,
    );
    assert.match(await read(place, ['export', '../s.json']), /s\.json \(/);
    const again = await say(place, ['backup', '../b.sqlite']);
    assert.deepEqual([again.code, /exists already/.test(again.errors)], [1, true]);
    const [first = ''] = place.started;

    const asked = await say(place, ['delete-agent', 'quick']);
    assert.equal(asked.code, 1);
    assert.match(asked.output, /Runs: 1, with logs of [\s\S]*Nothing was changed\. Say it again with --yes/);
    await read(place, ['delete-agent', 'quick', '--yes']);
    const gone = await say(place, ['log', first]);
    assert.match(gone.errors, /not in the history/);
    assert.match((await say(place, ['restore', '../b.sqlite'])).output, /It holds agents: 2, issues: 0, runs: 1/);
    assert.match(
      await read(place, ['restore', '../b.sqlite', '--yes']),
      /To undo it: reveille restore .*former-state\.sqlite/,
    );
    const { entries } = JSON.parse(await readAudit(place)) as { entries: string[] };
    assert.ok(entries.includes('state.restored') && !entries.includes('agent.deleted'));

    await read(place, ['delete-run', first, '--yes']);
    assert.match(await read(place, ['orphans']), /no state without a folder/);
    assert.match(await read(place, ['delete-state', '--yes']), /The state is deleted/);
    assert.doesNotMatch(await read(place, ['status']), new RegExp(first));
    await read(place, ['stop-runtime']);
  });

  it('adopts the state of a moved folder', async () => {
    await using place = await Place.make();
    await read(place, ['accept']);
    await read(place, ['wake', 'quick', '--follow', '--message', 'before']);
    const [runId = ''] = place.started;
    await read(place, ['stop-runtime']);
    const moved = join(place.path, 'moved');
    await poll(() => place.owner.released, 'the runtime has left');
    renameSync(place.folder, moved);

    const [line = ''] = (await read(place, ['orphans'], moved)).split('\n');
    const [id = ''] = line.split(' ');
    assert.match(await read(place, ['adopt', id, '--yes'], moved), /has the state that belonged to .*workspace/);

    assert.match(await read(place, ['log', runId], moved), /before/);
    await read(place, ['stop-runtime'], moved);
  });

  it('says what is wrong in one message, without a stack, and exits with 1', async () => {
    await using place = await Place.make();
    const bare = place.makeFolder('bare', null);
    rmSync(join(bare, '.reveille'), { recursive: true });
    await read(place, ['accept']);
    const cases: [string[], RegExp, string?][] = [
      [['fly'], /^There is no command "fly"/],
      [['--fly'], /--fly/],
      [['wake'], /^Name an agent/],
      [['wake', 'nobody'], /^There is no agent "nobody" in the configuration/],
      [['cancel', 'NONE'], /^That run is not in the history/],
      [['log', 'NONE'], /^That run is not in the history/],
      [['status'], /^Reveille does not run in bare\. Create a configuration first/, bare],
      [['status', '--folder', join(place.path, 'nowhere')], /nowhere does not exist/],
    ];
    const answers = await Promise.all(cases.map(([words, , folder]) => say(place, words, folder)));

    for (const [index, [words, expected]] of cases.entries()) {
      const { code, errors } = answers[index] ?? { code: null, errors: '' };
      assert.equal(code, 1, words.join(' '));
      assert.match(errors, expected, words.join(' '));
      assert.doesNotMatch(errors, /\n {4}at /, words.join(' '));
    }
    writeFileSync(join(place.folder, '.reveille', 'reveille.yaml'), 'agents: [');
    const { code, output } = await say(place, ['accept']);
    assert.equal(code, 1);
    assert.match(output, /reveille\.yaml:1: /);
    await read(place, ['stop-runtime']);
  });
});
