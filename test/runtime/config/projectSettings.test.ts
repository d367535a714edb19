import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fingerprint } from '../../../src/runtime/config/consent.ts';
import { findExecutedFiles } from '../../../src/runtime/config/executedFiles.ts';
import { makeClaudeAgent } from '../../support/claudeAgent.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

describe('what a user accepts of an agent that uses the settings of the project', () => {
  const temporary = useTemporaryFolder();
  const write = (file: string, content = 'content'): void => {
    mkdirSync(path.dirname(path.join(temporary.path, file)), { recursive: true });
    writeFileSync(path.join(temporary.path, file), content);
  };
  const agent = (projectSettings = true, cwd = '') =>
    makeClaudeAgent({ projectSettings }, { cwd: path.join(temporary.path, cwd) });
  const found = async (projectSettings?: boolean, cwd?: string): Promise<string[]> =>
    (await findExecutedFiles(agent(projectSettings, cwd), temporary.path)).map((file) => file.path);

  it('is the content of its settings, hooks, servers and instructions, from the folder to the working directory', async () => {
    const files = [
      '.claude/hooks/start.sh',
      '.claude/settings.json',
      '.mcp.json',
      'CLAUDE.md',
      'a/.claude/skills/x/SKILL.md',
      'a/CLAUDE.md',
      'a/b/CLAUDE.local.md',
    ];
    for (const file of files) write(file);
    write('other/CLAUDE.md');
    write('.claude/worktrees/x/large.ts');
    assert.deepEqual(await found(true, 'a/b'), files);
    assert.deepEqual(await found(true), files.slice(0, 4));
    assert.deepEqual(await found(false, 'a/b'), []);
  });

  it('changes with each of them, and with one that is new', async () => {
    write('.claude/settings.json', '{}');
    const prints = [await fingerprint(agent(), temporary.path)];
    write('.claude/settings.json', '{"hooks":{}}');
    prints.push(await fingerprint(agent(), temporary.path));
    write('.mcp.json', '{}');
    prints.push(await fingerprint(agent(), temporary.path));
    write('CLAUDE.md', 'Be bold.');
    prints.push(await fingerprint(agent(), temporary.path));
    write('.claude/data.bin', 'x'.repeat(6_000_000));
    prints.push(await fingerprint(agent(), temporary.path));
    write('.claude/data.bin', 'y'.repeat(6_000_000));
    prints.push(await fingerprint(agent(), temporary.path));
    assert.equal(new Set(prints).size, prints.length);
  });

  it('is also what lies on the real way to a working directory that is a link, which is named where it leaves the folder', async () => {
    using elsewhere = makeTemporaryFolder();
    write('b/CLAUDE.md');
    write('b/c/.claude/settings.json');
    symlinkSync(path.join(temporary.path, 'b/c'), path.join(temporary.path, 'inner'));
    symlinkSync(elsewhere.path, path.join(temporary.path, 'outer'));

    assert.deepEqual(await found(true, 'inner'), ['b/CLAUDE.md', 'inner/.claude/settings.json']);
    assert.deepEqual(await findExecutedFiles(agent(true, 'outer'), temporary.path), [
      { path: 'outer', content: `link to ${realpathSync(elsewhere.path)}` },
    ]);
  });

  it('names links that leave the folder, and ends where links lead in circles', async () => {
    using elsewhere = makeTemporaryFolder();
    mkdirSync(path.join(temporary.path, '.claude/skills'), { recursive: true });
    symlinkSync(elsewhere.path, path.join(temporary.path, '.claude/hooks'));
    symlinkSync(temporary.path, path.join(temporary.path, '.claude/skills/self'));
    write('inside/agents/one.md');
    symlinkSync(path.join(temporary.path, 'inside/agents'), path.join(temporary.path, '.claude/agents'));
    const files = await findExecutedFiles(agent(), temporary.path);
    const paths = files.map((file) => file.path);
    assert.ok(paths.includes('.claude/agents/one.md'));
    assert.match(files.find((file) => file.path === '.claude/hooks')?.content ?? '', /^link to /);
  });
});
