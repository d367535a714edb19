import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

interface Spoken {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the command line as a person in `folder` would. */
async function say(place: Place, words: readonly string[], folder = place.folder): Promise<Spoken> {
  const child = spawn(process.execPath, [join(place.product.directory, 'cli.js'), ...words], {
    cwd: folder,
    env: { ...process.env, REVEILLE_STATE_HOME: place.stateHome },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output, errors };
}

/** What a person reads after a command that went well. */
async function read(place: Place, words: readonly string[], folder?: string): Promise<string> {
  const { code, output, errors } = await say(place, words, folder);
  assert.deepEqual([code, errors], [0, ''], `${words.join(' ')} said: ${output}`);
  return output;
}

describe('The command line', function () {
  this.timeout(60_000);
  before(() => buildProduct());

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
