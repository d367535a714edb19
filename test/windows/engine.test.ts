import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { poll } from '../support/poll.ts';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

const agents = `
defaults: { graceSec: 1 }
agents:
  writer:
    adapter: process
    command: sh
    args: [-c, 'echo "new line" >> notes.md; echo hello > fresh.txt; rm -f old.txt']
heartbeats:
  daily: { schedule: "0 9 * * *", agents: [writer], goal: Look at everything }
`;

function commitAll(folder: AgentFolder): void {
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: folder.path });
  };
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'first');
}

describe('an agent that changes files', function () {
  this.timeout(120_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('main', agents);
    folder.write('notes.md', 'one\ntwo\n');
    folder.write('old.txt', 'old\n');
    commitAll(folder);
    window = await place.openWindow(folder);
    await window.row('Agents', /^writer, waits for your review/).waitFor();
    await folder.reveille('accept');
    await window.row('Agents', /^writer, idle/).waitFor();
    await window.run('reveille.agent.wake', 'writer');
    await window.row('Runs', /^writer, succeeded/).waitFor();
  });

  after(() => place[Symbol.asyncDispose]());

  it('has them shown as one comparison, and taken back', async () => {
    await window.run('reveille.run.openChanges', 'writer');
    const editor = window.page.locator('.part.editor');
    for (const name of ['fresh.txt', 'notes.md', 'old.txt']) await editor.getByText(name).first().waitFor();
    await editor.getByText('new line').first().waitFor();

    await window.run('reveille.run.undo', 'writer');
    await window.dialog.getByText('fresh.txt').waitFor();
    await window.dialog.getByRole('button', { name: 'Undo' }).click();
    const isThere = (name: string): boolean => existsSync(join(folder.path, name));
    await poll(() => !isThere('fresh.txt') && isThere('old.txt'), 'the run is undone');
    await window.page.locator('.statusbar').getByText('Undone in 3 files').waitFor();
    assert.equal(readFileSync(join(folder.path, 'notes.md'), 'utf8'), 'one\ntwo\n');
    assert.equal(readFileSync(join(folder.path, 'old.txt'), 'utf8'), 'old\n');
  });

  it('tells what it waits for, and what the week would bring', async () => {
    await window.run('reveille.agent.pause', 'writer');
    await window.row('Agents', /^writer, paused/).waitFor();
    await window.run('reveille.agent.wake', 'writer');
    await window.row('Runs', /^Queue/).waitFor();

    await window.run('reveille.agent.explain', 'writer');
    await poll(
      async () => (await window.editorLines()).join('\n').includes('writer does not run because it is paused'),
      'the reason is told',
    );

    await window.run('reveille.schedule.simulate');
    await poll(async () => (await window.editorLines()).join('\n').includes('writer (daily)'), 'the week is told');
  });
});
