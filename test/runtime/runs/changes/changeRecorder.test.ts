import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { systemClock, type Clock } from '../../../../src/runtime/clock.ts';
import type { RunChanges } from '../../../../src/runtime/model.ts';
import type { ChangedFile } from '../../../../src/runtime/runs/changes/changedFiles.ts';
import { ChangeRecorder } from '../../../../src/runtime/runs/changes/changeRecorder.ts';
import { findGit } from '../../../../src/runtime/runs/changes/git.ts';
import { useTemporaryFolder } from '../../../support/eachTemporaryFolder.ts';
import { git, makeRepository, readTree, writeFiles } from '../../../support/gitRepository.ts';
import { TestLogger } from '../../../support/testLogger.ts';

const isPosix = process.platform !== 'win32';

/** What a file's changes look like in a list: `A new.txt`, `R old -> new`. */
function brief({ path, movedFrom, before, after }: ChangedFile): string {
  if (movedFrom !== null) return `R ${movedFrom} -> ${path}`;
  if (before === null) return `A ${path}`;
  if (after === null) return `D ${path}`;
  return before.mode === after.mode ? `M ${path}` : `M ${path} ${before.mode} ${after.mode}`;
}

describe('ChangeRecorder', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();
  let work: string;
  let logger: TestLogger;
  let recorder: ChangeRecorder;
  let clock: Clock;

  function open(environment: Record<string, string> = {}): ChangeRecorder {
    return new ChangeRecorder({
      workspaceFolder: work,
      directory: join(folder.path, 'store', 'changes'),
      logsDirectory: join(folder.path, 'store', 'logs'),
      ownDirectories: [join(folder.path, 'store')],
      baseEnvironment: { PATH: process.env['PATH'] ?? '', HOME: join(folder.path, 'home'), ...environment },
      clock,
      logger,
    });
  }

  beforeEach(() => {
    work = join(folder.path, 'work');
    mkdirSync(join(folder.path, 'store', 'logs'), { recursive: true });
    mkdirSync(work);
    logger = new TestLogger();
    clock = systemClock;
    recorder = open();
  });

  /** What a run is said to have changed that does this. */
  async function changesOf(
    act: () => void,
    cwd = work,
  ): Promise<{ summary: RunChanges; files: string[]; list: readonly ChangedFile[] }> {
    const recording = await recorder.begin('run', cwd);
    act();
    const summary = await recording.finish();
    const list = (await recorder.find('run'))?.files ?? [];
    return { summary, files: list.map(brief), list };
  }

  it('sees new, changed, deleted and moved files, other rights and links, binary and CRLF files, and names of any kind', async () => {
    makeRepository(work, {
      'changed.txt': 'one\ntwo\n',
      'gone.txt': 'x\n',
      'moved.txt': 'a file that moves\n'.repeat(20),
      'tool.sh': '#!/bin/sh\n',
      'crlf.txt': 'a\r\nb\r\n',
      'data.bin': Buffer.from([0, 1, 2]),
      '.gitattributes': '* text=auto\n',
    });
    const { summary, files, list } = await changesOf(() => {
      writeFiles(work, {
        'changed.txt': 'one\n2\nthree\n',
        'deep/new file.txt': 'new\n',
        'crlf.txt': 'a\r\nc\r\n',
        'data.bin': Buffer.from([0, 3]),
      });
      unlinkSync(join(work, 'gone.txt'));
      renameSync(join(work, 'moved.txt'), join(work, 'there.txt'));
      if (!isPosix) return;
      chmodSync(join(work, 'tool.sh'), 0o755);
      symlinkSync('changed.txt', join(work, 'link'));
      writeFiles(work, { 'line\nend "quoted" back\\slash': 'odd\n' });
    });
    const posix = ['A line\nend "quoted" back\\slash', 'A link', 'M tool.sh 100644 100755'];
    assert.deepEqual(
      files.sort(),
      [
        'A deep/new file.txt',
        'D gone.txt',
        'M changed.txt',
        'M crlf.txt',
        'M data.bin',
        'R moved.txt -> there.txt',
        ...(isPosix ? posix : []),
      ].sort(),
    );
    assert.equal(summary.kind === 'recorded' && summary.files, files.length);
    const lines = Object.fromEntries(list.map((file) => [file.path, [file.addedLines, file.removedLines]]));
    assert.deepEqual(lines['changed.txt'], [2, 1]);
    assert.deepEqual(lines['data.bin'], [null, null]);
    assert.deepEqual(lines['there.txt'], [0, 0]);
    const crlf = list.find((file) => file.path === 'crlf.txt');
    const contents = await recorder.read('run', [crlf?.before?.blob ?? '', crlf?.after?.blob ?? ''], 1000);
    assert.deepEqual([...contents.values()].map(String), ['a\r\nb\r\n', 'a\r\nc\r\n']);
  });

  it('leaves out what is ignored, by the repository or by the user, unless the repository tracks it', async () => {
    makeRepository(work, { '.gitignore': 'out/\n*.log\n', 'a.txt': 'a\n' });
    writeFiles(work, { 'out/tracked.js': '1\n', 'out/other.js': '1\n' });
    git(work, 'add', '-f', 'out/tracked.js');
    writeFiles(work, { '.git/info/exclude': 'excluded\n' });
    writeFiles(folder.path, { 'home/.gitconfig': '[core]\n\texcludesFile = ~/mine\n', 'home/mine': '*.mine\n' });
    const { files } = await changesOf(() => {
      writeFiles(work, {
        'out/tracked.js': '2\n',
        'out/other.js': '2\n',
        'x.log': 'x',
        excluded: 'x',
        'x.mine': 'x',
        'seen.txt': 'x\n',
      });
    });
    assert.deepEqual(
      files,
      ['M out/tracked.js', 'A seen.txt'].sort((a, b) => a.slice(2).localeCompare(b.slice(2))),
    );
  });

  it('counts from where the one before ended, whatever a person did between', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    await changesOf(() => {
      writeFiles(work, { 'a.txt': 'b\n' });
    });
    writeFiles(work, { 'person.txt': 'p\n' });
    git(work, 'commit', '-q', '-am', 'second');
    assert.deepEqual(
      (
        await changesOf(() => {
          writeFiles(work, { 'a.txt': 'c\n' });
        })
      ).files,
      ['M a.txt'],
    );
  });

  it('says that nothing changed, and keeps nothing then', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    const { summary } = await changesOf(() => undefined);
    assert.deepEqual(summary, { kind: 'recorded', files: 0, addedLines: 0, removedLines: 0, notes: [] });
    assert.equal(existsSync(join(folder.path, 'store/logs/run.changes')), false);
  });

  it('says why where there is no repository, or no git', async () => {
    assert.deepEqual((await changesOf(() => undefined)).summary, { kind: 'unknown', gap: 'no_repository' });
    makeRepository(work, {});
    recorder = open({ PATH: `.:relative:${folder.path}` });
    assert.deepEqual((await changesOf(() => undefined)).summary, { kind: 'unknown', gap: 'no_git' });
  });

  it('sees a repository that is made later, at the latest after two seconds', async () => {
    let now = 0;
    clock = { ...systemClock, monotonic: () => now };
    recorder = open();
    const kinds: string[] = [];
    const make = (): unknown => makeRepository(work, { 'a.txt': 'a\n' });
    for (now of [0, 1999, 2000]) kinds.push((await changesOf(() => now === 0 && make())).summary.kind);
    assert.deepEqual(kinds, ['unknown', 'unknown', 'recorded']);
  });

  it('takes a git from no folder that depends on where it is looked for', async () => {
    const bin = join(folder.path, 'bin');
    writeFiles(bin, { git: '#!/bin/sh\n', 'git.exe': '' });
    chmodSync(join(bin, 'git'), 0o755);
    assert.equal(await findGit(process.platform, { PATH: relative(process.cwd(), bin) }), null);
    assert.notEqual(await findGit(process.platform, { PATH: bin }), null);
  });

  it('takes no longer than it may', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    const bin = join(folder.path, 'bin');
    writeFiles(bin, { git: '#!/bin/sh\nexec sleep 600\n' });
    chmodSync(join(bin, 'git'), 0o755);
    clock = {
      ...systemClock,
      setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms / 100),
    };
    recorder = open({ PATH: `${bin}:${process.env['PATH'] ?? ''}` });
    assert.deepEqual((await changesOf(() => undefined)).summary, { kind: 'unknown', gap: 'too_slow' });
  });

  it('looks at the workspace folder only, where that is a part of a repository', async () => {
    makeRepository(folder.path, { 'work/a.txt': 'a\n', 'beside.txt': 'b\n' });
    const { files } = await changesOf(() => {
      writeFiles(folder.path, { 'work/a.txt': 'b\n', 'beside.txt': 'c\n', 'work/new.txt': 'n\n' });
    });
    assert.deepEqual(files, ['M work/a.txt', 'A work/new.txt']);
  });

  it('looks at the repository in which the agent works, where the folder holds several', async () => {
    makeRepository(join(work, 'one'), { 'a.txt': 'a\n' });
    const { files } = await changesOf(
      () => {
        writeFiles(work, { 'one/a.txt': 'b\n' });
      },
      join(work, 'one'),
    );
    assert.deepEqual(files, ['M a.txt']);
  });

  for (const [name, prepare] of [
    ['without a commit', () => git(work, 'init', '-q')],
    [
      'with a detached head',
      () => {
        makeRepository(work, { 'b.txt': 'b\n' });
        git(work, 'checkout', '-q', '--detach');
      },
    ],
    [
      'while something holds the lock of its index',
      () => {
        makeRepository(work, { 'b.txt': 'b\n' });
        writeFiles(work, { '.git/index.lock': '' });
      },
    ],
    [
      'that is a linked working tree',
      () => {
        makeRepository(join(folder.path, 'main'), { 'b.txt': 'b\n' });
        rmSync(work, { recursive: true });
        git(join(folder.path, 'main'), 'worktree', 'add', '-q', work);
      },
    ],
    [
      'whose objects have other hashes',
      () => {
        git(work, 'init', '-q', '--object-format=sha256');
        writeFiles(work, { 'b.txt': 'b\n' });
        git(work, 'add', '-A');
        git(work, 'commit', '-q', '-m', 'first');
        git(work, 'gc', '-q');
      },
    ],
  ] as const) {
    it(`works in a repository ${name}`, async () => {
      prepare();
      const { files } = await changesOf(() => {
        writeFiles(work, { 'a.txt': 'a\n' });
      });
      assert.deepEqual(files, ['A a.txt']);
    });
  }

  it('leaves repositories inside the folder alone and says so, with and without a commit', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    makeRepository(join(work, 'inner'), { 'b.txt': 'b\n' });
    mkdirSync(join(work, 'empty'));
    git(join(work, 'empty'), 'init', '-q');
    const { summary, files } = await changesOf(() => {
      writeFiles(work, { 'inner/b.txt': 'c\n', 'empty/c.txt': 'c\n', 'a.txt': 'b\n' });
    });
    assert.deepEqual(files, ['M a.txt']);
    assert.deepEqual(summary.kind === 'recorded' && summary.notes, ['nested']);
  });

  it('does not take a file for new because the repository around it went', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    makeRepository(join(work, 'inner'), { 'b.txt': 'b\n' });
    const { files } = await changesOf(() => {
      rmSync(join(work, 'inner', '.git'), { recursive: true });
    });
    assert.deepEqual(files, []);
  });

  it('says when others may have had a part in it', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    const first = await recorder.begin('first', work);
    const second = await recorder.begin('second', work);
    writeFiles(work, { 'a.txt': 'b\n' });
    const summaries = [await first.finish(), await second.finish()];
    for (const summary of summaries) assert.deepEqual(summary.kind === 'recorded' && summary.notes, ['overlap']);
    const { summary } = await changesOf(() => undefined);
    assert.deepEqual(summary.kind === 'recorded' && summary.notes, []);
  });

  it('does not count its own store, if that is in the folder', async () => {
    makeRepository(folder.path, { 'work/a.txt': 'a\n' });
    work = folder.path;
    recorder = open();
    const { files } = await changesOf(() => {
      writeFiles(folder.path, { 'work/a.txt': 'b\n', 'store/x': 'x' });
    });
    assert.deepEqual(files, ['M work/a.txt']);
  });

  it('goes on after objects that it shared with the repository were removed', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    await changesOf(() => undefined);
    rmSync(join(work, '.git', 'objects'), { recursive: true });
    mkdirSync(join(work, '.git', 'objects'));
    const lost = await changesOf(() => {
      writeFiles(work, { 'a.txt': 'changed\n' });
    });
    assert.deepEqual(lost.summary, { kind: 'unknown', gap: 'failed' });
    const { files } = await changesOf(() => {
      writeFiles(work, { 'b.txt': 'b\n' });
    });
    assert.deepEqual(files, ['A b.txt']);
  });

  it('keeps both sides even if the repository loses them', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    const { list } = await changesOf(() => {
      writeFiles(work, { 'a.txt': 'b\n' });
    });
    rmSync(join(work, '.git'), { recursive: true });
    rmSync(join(folder.path, 'store', 'changes'), { recursive: true });
    const contents = await recorder.read('run', [list[0]?.before?.blob ?? '', list[0]?.after?.blob ?? ''], 1000);
    assert.deepEqual([...contents.values()].map(String), ['a\n', 'b\n']);
  });

  it('leaves repository and working tree as they were, to the byte', async () => {
    makeRepository(work, { 'a.txt': 'a\n', 'b.txt': 'b\n' });
    writeFiles(work, { 'a.txt': 'staged\n' });
    git(work, 'add', 'a.txt');
    writeFiles(work, { 'b.txt': 'stashed\n' });
    git(work, 'stash', '-q');
    writeFiles(work, { 'a.txt': 'edited\n', 'untracked.txt': 'u\n' });
    const before = readTree(work);
    await changesOf(() => undefined);
    assert.deepEqual(readTree(work), before);
    await changesOf(() => {
      writeFiles(work, { 'new.txt': 'n\n' });
    });
    assert.deepEqual(
      readTree(work, (name) => name === 'new.txt'),
      before,
    );
  });

  it('runs no program that a repository names', async () => {
    const touch = (name: string): string => `touch "${join(folder.path, name)}"`;
    makeRepository(work, { 'a.txt': 'a\n', '.gitattributes': '* filter=evil diff=evil merge=evil\n' });
    makeRepository(join(work, 'inner'), { 'b.txt': 'b\n' });
    for (const place of [work, join(work, 'inner')]) {
      for (const [name, value] of [
        ['filter.evil.clean', `${touch('clean')}; cat`],
        ['filter.evil.process', touch('process')],
        ['filter.evil.required', 'true'],
        ['core.fsmonitor', touch('fsmonitor')],
        ['core.hooksPath', join(work, 'hooks')],
        ['core.sshCommand', touch('ssh')],
        ['diff.evil.command', touch('diff')],
        ['diff.evil.textconv', touch('textconv')],
        ['diff.external', touch('external')],
        ['remote.origin.url', `ext::${touch('remote')}`],
        ['protocol.ext.allow', 'always'],
        ['remote.origin.promisor', 'true'],
        ['extensions.partialClone', 'origin'],
      ] as const)
        git(place, 'config', name, value);
    }
    for (const hook of ['post-index-change', 'pre-commit', 'fsmonitor-watchman', 'reference-transaction']) {
      writeFiles(work, { [`hooks/${hook}`]: `#!/bin/sh\n${touch('hook')}\n` });
      chmodSync(join(work, 'hooks', hook), 0o755);
      writeFiles(work, { [`.git/hooks/${hook}`]: `#!/bin/sh\n${touch('hook')}\n` });
      chmodSync(join(work, '.git', 'hooks', hook), 0o755);
    }
    writeFiles(work, { git: `#!/bin/sh\n${touch('git')}\n`, 'git.exe': '' });
    chmodSync(join(work, 'git'), 0o755);
    recorder = open({ PATH: `.:${process.env['PATH'] ?? ''}` });
    const existing = Object.keys(readTree(folder.path, (name) => name.startsWith('work') || name.startsWith('store')));
    const { files } = await changesOf(() => {
      writeFiles(work, { 'a.txt': 'b\n', 'c.txt': 'c\n' });
    });
    assert.deepEqual(files, ['M a.txt', 'A c.txt']);
    assert.deepEqual(
      Object.keys(readTree(folder.path, (name) => name.startsWith('work') || name.startsWith('store'))),
      existing,
    );
  });

  it('does not follow a configuration that points elsewhere', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    writeFiles(folder.path, { 'elsewhere/secret.txt': 's\n' });
    git(work, 'config', 'core.worktree', join(folder.path, 'elsewhere'));
    const { files } = await changesOf(() => {
      writeFiles(work, { 'a.txt': 'b\n' });
      writeFiles(folder.path, { 'elsewhere/secret.txt': 't\n' });
    });
    assert.deepEqual(files, ['M a.txt']);
  });

  const itAsUser = isPosix && process.getuid?.() !== 0 ? it : () => undefined;
  itAsUser('says when files could not be read', async () => {
    makeRepository(work, { 'a.txt': 'a\n' });
    writeFiles(work, { secret: 's' });
    chmodSync(join(work, 'secret'), 0);
    const { summary, files } = await changesOf(() => {
      writeFiles(work, { 'a.txt': 'b\n' });
    });
    assert.deepEqual(files, ['M a.txt']);
    assert.deepEqual(summary.kind === 'recorded' && summary.notes, ['unreadable']);
  });

  it('sees the one that changed of ten thousand files', async () => {
    // The machine of a test may be busy with others.
    clock = {
      ...systemClock,
      monotonic: () => systemClock.monotonic() / 10,
      setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms * 10),
    };
    recorder = open();
    git(work, 'init', '-q');
    for (let index = 0; index < 10_000; index += 1) {
      if (index % 100 === 0) mkdirSync(join(work, `d${String(index / 100)}`));
      writeFileSync(join(work, `d${String(Math.floor(index / 100))}`, `f${String(index)}`), `${String(index)}\n`);
    }
    const { summary } = await changesOf(() => undefined);
    assert.equal(summary.kind, 'recorded');
    const { files } = await changesOf(() => {
      writeFiles(work, { 'd50/f5050': 'other\n' });
    });
    assert.deepEqual(files, ['M d50/f5050']);
  });
});
