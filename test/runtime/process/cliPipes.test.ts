import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { poll } from '../../support/poll.ts';
import { buildProduct } from '../../support/productBuild.ts';
import { Place } from '../../support/runtimeProcess.ts';

/** `talker` says a line every now and then, for half a minute; `quick` has said much more than a pipe takes. */
const configuration = `
defaults: { graceSec: 1 }
agents:
  talker:
    adapter: process
    command: sh
    args: [-c, 'n=0; while [ $n -lt 300 ]; do echo line $n; n=$((n + 1)); sleep 0.1; done']
    shareCwd: true
  quick:
    adapter: process
    command: sh
    args: [-c, 'n=0; while [ $n -lt 20000 ]; do echo "line $n of many that nobody reads"; n=$((n + 1)); done']
    shareCwd: true
`;

interface Piped {
  /** Of the command line itself, not of what reads it. */
  readonly code: number;
  readonly errors: string;
  readonly read: string;
}

const cliOf = ({ product }: Place): string => join(product.directory, 'cli.js');

const settingOf = ({ folder, stateHome }: Place): { cwd: string; env: NodeJS.ProcessEnv } => ({
  cwd: folder,
  env: { ...process.env, REVEILLE_STATE_HOME: stateHome },
});

/** Runs `reveille <words> | head -n 1` in a real shell. */
async function head(place: Place, words: readonly string[]): Promise<Piped> {
  const script = '{ "$@"; echo "code $?" >&3; } 3>&2 | head -n 1';
  const args = ['-c', script, 'sh', process.execPath, cliOf(place), ...words];
  const { stdout, stderr } = await promisify(execFile)('sh', args, settingOf(place));
  const [, errors = '', code = ''] = /^([\s\S]*)code (\d+)\n$/.exec(stderr) ?? [];
  return { code: Number(code), errors, read: stdout };
}

/** Runs a command whose output nobody ever reads. */
async function unread(place: Place, words: readonly string[]): Promise<Omit<Piped, 'read'>> {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [cliOf(place), ...words], { ...settingOf(place), stdio });
  child.stdout.destroy();
  const [errors] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode ?? -1, errors };
}

async function accept(place: Place): Promise<void> {
  await promisify(execFile)(process.execPath, [cliOf(place), 'accept'], settingOf(place));
}

describe('The command line in a pipe whose reader goes', function () {
  this.timeout(60_000);
  before(() => buildProduct());

  it('ends without a word, whatever it was asked', async () => {
    await using place = await Place.make({ configuration });
    await accept(place);
    const commands = [
      ['--help'],
      ['status'],
      ['accept'],
      ['doctor'],
      ['questions'],
      ['queue'],
      ['simulate'],
      ['sessions'],
      ['secrets'],
      ['usage'],
      ['audit', 'verify'],
      ['why', 'quick'],
    ];
    for (const words of commands) {
      assert.deepEqual(await unread(place, words), { code: 141, errors: '' }, words.join(' '));
    }
    const { code, errors } = await unread(place, ['why', 'nobody']);
    assert.equal(code, 1);
    assert.match(errors, /nobody/, 'what went wrong is said where it is read');
  });

  it('ends while it prints a long log, and while it follows a run, which goes on', async () => {
    await using place = await Place.make({ configuration });
    const window = place.openWindow();
    await window.untilConnected();
    await accept(place);
    const { runId: long } = await window.connection.request('agent.wake', { agent: 'quick', reason: 'A test' });
    await poll(() => window.state.runs.get(long ?? '')?.status === 'succeeded', 'the long log is there');

    const first = 'line 0 of many that nobody reads\n';
    assert.deepEqual(await head(place, ['log', long ?? '']), { code: 141, errors: '', read: first });
    assert.deepEqual(await head(place, ['log', long ?? '', '--raw']), { code: 141, errors: '', read: first });

    const followed = await head(place, ['wake', 'talker', '--follow']);
    assert.deepEqual([followed.code, followed.errors], [141, '']);
    const talking = [...window.state.runs.values()].find(({ agent }) => agent === 'talker');
    assert.equal(talking?.status, 'running');
    await window.connection.request('run.cancel', { runId: talking.id });
    await poll(() => window.state.runs.get(talking.id)?.status === 'cancelled', 'the run has ended');
  });
});
