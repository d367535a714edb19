import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock } from '../support/manualClock.ts';
import { git, makeRepository, writeFiles } from '../support/gitRepository.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

const minute = 60_000;

/** An agent with a heartbeat every minute and nothing to do. */
const configurationOf = (onlyIf: string, program = 'cat; echo ran >> .git/ran'): string => `
agents:
  watcher: { adapter: process, command: sh, args: [-c, '${program}'], timeoutSec: 0,
    heartbeat: { intervalSec: 60, onlyIf: ${onlyIf} } }
`;

/** A runtime on a folder that is a repository, on a clock that stands still. */
async function open(onlyIf: string, program?: string): Promise<{ runtime: TestRuntime; clock: ManualClock }> {
  const clock = new ManualClock();
  const runtime = await TestRuntime.open({ clock, isAccepted: false });
  makeRepository(runtime.folder.path, { 'a.txt': 'one', '.gitignore': 'ignored.txt\n' });
  runtime.writeConfiguration(configurationOf(onlyIf, program));
  await runtime.acceptAll();
  git(runtime.folder.path, 'add', '-A');
  git(runtime.folder.path, 'commit', '-q', '-m', 'configuration');
  return { runtime, clock };
}

function counts({ state }: TestRuntime): { runs: number; skipped: number } {
  const skips = state.agents.get('watcher')?.skips.counts.find(({ reason }) => reason === 'nothing_to_do');
  const settled = [...state.runs.values()].filter(({ finishedAt }) => finishedAt !== null);
  return { runs: settled.length, skipped: skips?.skips ?? 0 };
}

/** Lets the next heartbeat fall due; answers what came of it. */
async function beat(runtime: TestRuntime, clock: ManualClock): Promise<'ran' | 'skipped'> {
  await runtime.until((state) => (state.agents.get('watcher')?.nextHeartbeatAt ?? 0) > clock.now());
  const before = counts(runtime);
  const nextAt = runtime.state.agents.get('watcher')?.nextHeartbeatAt ?? 0;
  clock.tick(nextAt - clock.now());
  await runtime.until(() => {
    const { runs, skipped } = counts(runtime);
    return runs + skipped > before.runs + before.skipped;
  });
  return counts(runtime).runs > before.runs ? 'ran' : 'skipped';
}

describe('onlyIf', function () {
  this.timeout(60_000);

  it('git_head: runs for another commit only, whatever the files and the branches are called', async () => {
    const { runtime, clock } = await open('git_head');
    await using _ = runtime;
    const { path } = runtime.folder;
    assert.equal(await beat(runtime, clock), 'ran', 'nothing is known yet');
    assert.equal(await beat(runtime, clock), 'skipped');
    writeFiles(path, { 'a.txt': 'two' });
    assert.equal(await beat(runtime, clock), 'skipped', 'files are not what it is for');
    git(path, 'switch', '-q', '-c', 'other');
    assert.equal(await beat(runtime, clock), 'skipped', 'another name of the same commit');
    git(path, 'pack-refs', '--all');
    assert.equal(await beat(runtime, clock), 'skipped', 'the same commit, kept elsewhere');
    git(path, 'commit', '-q', '-a', '-m', 'second');
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal(await beat(runtime, clock), 'skipped');
    git(path, 'checkout', '-q', '--detach', 'HEAD~1');
    assert.equal(await beat(runtime, clock), 'ran');
  });

  it('files: runs for other content, untracked files too, ignored ones not, and not for what it did itself', async () => {
    const { runtime, clock } = await open('files', 'cat; date +%N >> made.txt');
    await using _ = runtime;
    const { path } = runtime.folder;
    assert.equal(await beat(runtime, clock), 'ran');
    assert.ok(existsSync(join(path, 'made.txt')));
    assert.equal(await beat(runtime, clock), 'skipped', 'its own file');
    writeFiles(path, { 'ignored.txt': 'x' });
    assert.equal(await beat(runtime, clock), 'skipped', 'an ignored file');
    git(path, 'commit', '-q', '--allow-empty', '-m', 'second');
    assert.equal(await beat(runtime, clock), 'skipped', 'a commit of the same files');
    writeFiles(path, { 'new.txt': 'x' });
    assert.equal(await beat(runtime, clock), 'ran', 'an untracked file');
    writeFiles(path, { '.gitignore': 'ignored.txt\nnew.txt\n' });
    assert.equal(await beat(runtime, clock), 'ran', 'other rules');
    assert.equal(await beat(runtime, clock), 'skipped');
  });

  it('diagnostics: runs when a trusted window reports others; the last report stays when it leaves', async () => {
    const { runtime, clock } = await open('[diagnostics]');
    await using _ = runtime;
    const report = (digit: string) => ({ digest: digit.repeat(64), errors: 1, warnings: 0 });
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal(await beat(runtime, clock), 'skipped', 'nobody ever reported anything');
    const window = runtime.connect({ kind: 'window', isTrusted: true });
    await window.request('diagnostics.report', report('a'));
    window.dispose();
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal(await beat(runtime, clock), 'skipped', 'the window has gone');
    await runtime.connection.request('diagnostics.report', report('a'));
    assert.equal(await beat(runtime, clock), 'skipped', 'the same again');
    const stranger = runtime.connect({ kind: 'window', isTrusted: false });
    try {
      await assert.rejects(stranger.request('diagnostics.report', report('b')), /not trusted/);
    } finally {
      stranger.dispose();
    }
    assert.equal(await beat(runtime, clock), 'skipped');
  });

  it('remembers over a restart how the last run left things', async () => {
    const { runtime, clock } = await open('[git_head, files, diagnostics]');
    await using _ = runtime;
    await runtime.connection.request('diagnostics.report', { digest: 'c'.repeat(64), errors: 0, warnings: 3 });
    assert.equal(await beat(runtime, clock), 'ran');
    await runtime.restart();
    assert.equal(await beat(runtime, clock), 'skipped');
    writeFiles(runtime.folder.path, { 'a.txt': 'two' });
    await runtime.restart();
    assert.equal(await beat(runtime, clock), 'ran', 'one of the three is enough');
  });

  it('never skips for lack of knowledge, and says once what is not known', async () => {
    const clock = new ManualClock();
    await using runtime = await TestRuntime.open({ clock, configuration: configurationOf('[git_head, files]', 'cat') });
    for (let count = 0; count < 3; count += 1) assert.equal(await beat(runtime, clock), 'ran');
    const { entries } = await runtime.connection.request('activity.list', { limit: 200 });
    assert.deepEqual(
      entries
        .filter(({ action }) => action === 'heartbeat.changeUnknown')
        .map(({ agent, result, details }) => [agent, result, details])
        .sort(),
      [
        ['watcher', 'no_repository', { setting: 'onlyIf: files' }],
        ['watcher', 'no_repository', { setting: 'onlyIf: git_head' }],
      ],
    );
  });

  it('runs for an issue and for a message though nothing has changed', async () => {
    const { runtime, clock } = await open('git_head');
    await using _ = runtime;
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal(await beat(runtime, clock), 'skipped');
    await runtime.connection.request('issue.create', { title: 'Do it', assignee: 'watcher' });
    await runtime.until((state) => [...state.issues.values()][0]?.status === 'in_review');
    const [issue] = runtime.state.issues.values();
    await runtime.connection.request('issue.setStatus', { issueId: issue?.id ?? '', status: 'todo' });
    assert.equal(await beat(runtime, clock), 'ran');
  });

  it('lets a tick that waits for a slot start, though nothing changes meanwhile', async () => {
    const { runtime, clock } = await open('git_head', 'cat; until test -e go; do sleep 0.02; done');
    await using _ = runtime;
    const blocker = await runtime.wake('watcher', { taskKey: 'other' });
    await runtime.until((state) => state.runs.get(blocker)?.status === 'running');
    clock.tick(minute + 6000);
    await runtime.until((state) => [...state.runs.values()].some(({ heldFor }) => heldFor === 'slots_busy'));
    writeFileSync(join(runtime.folder.path, 'go'), '');
    await runtime.until((state) => [...state.runs.values()].every(({ status }) => status === 'succeeded'));
    assert.deepEqual(counts(runtime), { runs: 2, skipped: 0 });
  });

  it('takes a run of which nothing was started for one that has seen nothing', async () => {
    const { runtime, clock } = await open('git_head');
    await using _ = runtime;
    runtime.writeConfiguration(configurationOf('git_head').replace('command: sh', 'command: ./no-such-program'));
    await runtime.acceptAll();
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal([...runtime.state.runs.values()][0]?.errorCode, 'command_not_found');
  });

  it('says in the account of the agent what has not changed', async () => {
    const { runtime, clock } = await open('[files, git_head]');
    await using _ = runtime;
    assert.equal(await beat(runtime, clock), 'ran');
    assert.equal(await beat(runtime, clock), 'skipped');
    const { now, entries } = await runtime.connection.request('agent.explain', { agent: 'watcher', limit: 50 });
    assert.ok(now.kind === 'scheduled');
    assert.deepEqual([now.willSkip, now.onlyIf], ['nothing_to_do', ['git_head', 'files']]);
    const said = entries.filter((entry) => entry.kind === 'change' && entry.action === 'heartbeat.skipped');
    assert.deepEqual(
      said.map((entry) => entry.kind === 'change' && entry.setting),
      ['skipWhenIdle: true, onlyIf: git_head, files'],
    );
    const { schedules } = await runtime.connection.request('schedule.simulate', {});
    assert.deepEqual(schedules[0]?.onlyIf, ['git_head', 'files']);
  });
});
