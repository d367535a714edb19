import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git, readTree, writeFiles } from '../support/gitRepository.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';

/** Does what the message says, in its folder. */
const configuration = `
agents:
  worker: { adapter: process, command: sh, args: [work.sh] }
`;

const isOwn = (name: string): boolean => name.startsWith('.git/') || name === 'work.sh';

/** A runtime on a repository with these files, and what the worker will do. */
async function open(files: Record<string, string>, script: string): Promise<TestRuntime> {
  const runtime = await TestRuntime.open({ configuration, isAccepted: false });
  const folder = runtime.folder.path;
  git(folder, 'init', '-q');
  writeFiles(folder, { ...files, 'work.sh': script });
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'first');
  await runtime.acceptAll();
  return runtime;
}

async function run(runtime: TestRuntime): Promise<string> {
  const runId = await runtime.wake('worker');
  await runtime.settled(runId);
  return runId;
}

describe('The changes of a run', function () {
  this.timeout(60_000);

  const everything = [
    'printf "one\\n2\\n" > changed.txt',
    'rm gone.txt',
    'mv moved.txt there.txt',
    'mkdir -p deep/er && echo new > deep/er/new.txt',
    'rm folder/inside.txt && rmdir folder && echo file > folder',
    'rm file && mkdir file && echo inside > file/inside.txt',
    'chmod +x tool.sh',
    'ln -s changed.txt link',
    "printf '\\0\\1' > data.bin",
  ].join('\n');
  const before = {
    'changed.txt': 'one\ntwo\n',
    'gone.txt': 'x\n',
    'moved.txt': 'a file that moves\n'.repeat(20),
    'folder/inside.txt': 'in\n',
    file: 'file\n',
    'tool.sh': 'true\n',
  };

  it('stand in its row, with each file and both sides of it', async () => {
    await using runtime = await open(before, everything);
    const runId = await run(runtime);
    const { changes } = await runtime.settled(runId);
    assert.deepEqual(changes, { kind: 'recorded', files: 10, addedLines: 4, removedLines: 3, notes: [] });
    const page = await runtime.connection.request('run.changes', { runId, offset: 1, limit: 2 });
    assert.deepEqual([page.root, page.files.length, page.total], [runtime.folder.path, 2, 10]);
    const versionOf = (path: string, side: 'before' | 'after') =>
      runtime.connection.request('run.fileVersion', { runId, path, side });
    assert.deepEqual(await versionOf('changed.txt', 'before'), { text: 'one\ntwo\n', kind: 'text' });
    assert.deepEqual(await versionOf('changed.txt', 'after'), { text: 'one\n2\n', kind: 'text' });
    assert.deepEqual(await versionOf('gone.txt', 'after'), { text: null, kind: 'absent' });
    assert.deepEqual(await versionOf('there.txt', 'before'), { text: before['moved.txt'], kind: 'text' });
    assert.deepEqual(await versionOf('data.bin', 'after'), { text: null, kind: 'binary' });
    await assert.rejects(versionOf('../../etc/passwd', 'after'), { kind: 'not_found' });
  });

  it('are taken back as a whole, in the working tree alone', async () => {
    await using runtime = await open(before, everything);
    const folder = runtime.folder.path;
    const index = readFileSync(join(folder, '.git/index'));
    const former = readTree(folder, isOwn);
    const runId = await run(runtime);
    assert.notDeepEqual(readTree(folder, isOwn), former);

    const preview = await runtime.connection.request('run.previewUndo', { runId });
    assert.deepEqual([preview.total, preview.obstacles], [12, []]);
    assert.deepEqual(await runtime.connection.request('run.undo', { runId }), { files: 12 });

    assert.deepEqual(readTree(folder, isOwn), former);
    assert.deepEqual(readFileSync(join(folder, '.git/index')), index);
    const { entries } = await runtime.connection.request('activity.list', { limit: 1 });
    assert.deepEqual(
      [entries[0]?.action, entries[0]?.details['files'], entries[0]?.result],
      ['run.undone', 12, 'done'],
    );
    await assert.rejects(runtime.connection.request('run.undo', { runId }), /nothing to undo/);
  });

  it('are not taken back, not even in part, where somebody went on with a file', async () => {
    await using runtime = await open(before, everything);
    const folder = runtime.folder.path;
    const runId = await run(runtime);
    writeFiles(folder, {
      'changed.txt': 'mine\n',
      'gone.txt': 'again\n',
      'deep/er/mine.txt': 'mine\n',
      'file/mine': 'm',
    });
    const left = readTree(folder);

    const { obstacles } = await runtime.connection.request('run.previewUndo', { runId });
    assert.deepEqual(obstacles.map(({ path, problem }) => `${path} ${problem}`).sort(), [
      'changed.txt changed',
      'file in_the_way',
      'gone.txt changed',
    ]);
    await assert.rejects(runtime.connection.request('run.undo', { runId }), {
      kind: 'refused',
      message: /Nothing was undone.*changed\.txt/,
    });
    assert.deepEqual(readTree(folder), left);
  });

  it('are not written through a link that somebody put in the way', async () => {
    await using runtime = await open({ 'folder/a.txt': 'a\n' }, 'echo b > folder/a.txt');
    const folder = runtime.folder.path;
    const runId = await run(runtime);
    const outside = join(runtime.storePath, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'a.txt'), 'b\n');
    rmSync(join(folder, 'folder'), { recursive: true });
    execFileSync('ln', ['-s', outside, join(folder, 'folder')]);
    const { obstacles } = await runtime.connection.request('run.previewUndo', { runId });
    assert.deepEqual(obstacles, [{ path: 'folder/a.txt', problem: 'in_the_way' }]);
  });

  it('do not cost a file that was only ignored before', async () => {
    await using runtime = await open({ '.gitignore': 'secret\n' }, ': > .gitignore');
    writeFiles(runtime.folder.path, { secret: 's' });
    const runId = await run(runtime);
    const { obstacles } = await runtime.connection.request('run.previewUndo', { runId });
    assert.deepEqual(obstacles, [{ path: 'secret', problem: 'perhaps_older' }]);
    await assert.rejects(runtime.connection.request('run.undo', { runId }), { kind: 'refused' });
    assert.ok(existsSync(join(runtime.folder.path, 'secret')));
  });

  it('are taken back for trusted clients only, and not while a run works there', async () => {
    const script = 'echo b > a.txt; if [ -e wait ]; then while [ -e wait ]; do sleep 0.02; done; fi';
    await using runtime = await open({ 'a.txt': 'a\n', '.gitignore': 'wait\n' }, script);
    const runId = await run(runtime);
    const stranger = runtime.connect({ kind: 'window', isTrusted: false });
    await assert.rejects(stranger.request('run.undo', { runId }), { kind: 'trust' });
    stranger.dispose();
    writeFiles(runtime.folder.path, { wait: '' });
    const second = await runtime.wake('worker');
    await runtime.until((state) => state.runs.get(second)?.status === 'running');
    await assert.rejects(runtime.connection.request('run.undo', { runId }), /A run is working/);
    rmSync(join(runtime.folder.path, 'wait'));
    await runtime.settled(second);
    await runtime.connection.request('run.undo', { runId });
    assert.equal(readFileSync(join(runtime.folder.path, 'a.txt'), 'utf8'), 'a\n');
  });

  it('outlive a restart, lie beside the log for their owner only, and go with the run', async () => {
    await using runtime = await open({ 'a.txt': 'a\n' }, 'echo b > a.txt');
    const runId = await run(runtime);
    await runtime.restart();
    assert.equal((await runtime.connection.request('run.changes', { runId, offset: 0, limit: 9 })).total, 1);
    const directory = join(runtime.storePath, 'logs', `${runId}.changes`);
    if (process.platform !== 'win32') assert.equal(statSync(directory).mode & 0o077, 0);
    await runtime.connection.request('run.delete', { runId });
    assert.deepEqual(
      readdirSync(join(runtime.storePath, 'logs')).filter((name) => name.startsWith(runId)),
      [],
    );
  });

  it('are said to be unknown where there is no repository', async () => {
    await using runtime = await TestRuntime.open({ configuration });
    writeFiles(runtime.folder.path, { 'work.sh': 'echo b > a.txt' });
    await runtime.acceptAll();
    const runId = await run(runtime);
    assert.deepEqual((await runtime.settled(runId)).changes, { kind: 'unknown', gap: 'no_repository' });
    await assert.rejects(runtime.connection.request('run.changes', { runId, offset: 0, limit: 9 }), {
      kind: 'not_found',
    });
  });
});
