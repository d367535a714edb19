import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { poll } from '../support/poll.ts';
import { writeReplayedCli } from '../../scripts/host/replayedCli.ts';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

/** `writer` is a recorded claude, `fixer` a recorded codex, `nobody` one whose program is not there. */
const agents = `
agents:
  writer: { adapter: claude_local, command: ./claude, shareCwd: true }
  fixer: { adapter: codex_local, command: ./codex, shareCwd: true }
  nobody: { adapter: claude_local, command: ./no-claude, shareCwd: true }
`;

describe('agents that remember', function () {
  this.timeout(180_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('main', agents);
    writeReplayedCli(join(folder.path, 'claude'), 'claude', '00-first-bash');
    writeReplayedCli(join(folder.path, 'codex'), 'codex', '50-plain-workspace-write');
    // Drawn as elements, a terminal can be read.
    folder.write('.vscode/settings.json', '{ "terminal.integrated.gpuAcceleration": "off" }');
    window = await place.openWindow(folder);
    await window.row('Agents', /^writer, waits for your review/).waitFor();
  });

  after(() => place[Symbol.asyncDispose]());

  const editorHas = (...texts: readonly string[]): Promise<void> =>
    poll(
      async () => {
        const shown = (await window.editorLines()).join('\n');
        return texts.every((text) => shown.includes(text));
      },
      `the editor shows ${texts.join(', ')}`,
    );

  const openRow = (name: RegExp): Promise<void> =>
    window.row('Agents', name).first().locator('.monaco-tl-twistie').click();

  it('are checked, before and after they were accepted', async () => {
    await window.run('reveille.agent.check', 'writer');
    await editorHas('Check of writer (claude_local)', 'nothing of it was started');
    await folder.reveille('accept');
    await window.row('Agents', /^writer, idle/).waitFor();

    await window.page.getByRole('button', { name: 'Check Again' }).first().click();
    await editorHas('✓ claude 2.1.329.', '✓ Logged in', 'A wake now would start this');
  });

  it('tell what they did and what it cost, in words', async () => {
    await window.run('reveille.agent.wake', 'writer');
    await window.row('Runs', /^writer, succeeded · .*\$0\.0016/).waitFor();
    await window.run('reveille.agent.openTranscript', 'writer');
    const shown = async (): Promise<string> => (await window.outputLines()).join('\n');
    await poll(async () => (await shown()).includes('All done.'), 'the transcript');
    const text = await shown();
    assert.match(text, /● Bash echo hi-from-bash; pwd\n {2}└ hi-from-bash/);
    // The panel breaks long lines.
    assert.match(text.replace(/\s+/g, ' '), /claude-opus-5-5: 200 in, 40 out; 2 turns · \$0\.0016 ━━/);
    assert.doesNotMatch(text, /"type":/);

    await window.run('reveille.agent.wake', 'fixer');
    await window.row('Runs', /^fixer, succeeded/).waitFor();
    await window.run('reveille.run.openLog', 'fixer');
    await editorHas('● shell id -u; touch made.txt', 'Ran.');
  });

  it('have their sessions below them, to be continued in a terminal and reset', async () => {
    await openRow(/^writer, idle/);
    await openRow(/^Sessions, 1/);
    const session = window.row('Agents', /^all wakes without a task, 1 run · 100 tokens/);
    await session.waitFor();

    await window.run('reveille.session.continue', 'writer: all wakes without a task');
    const typed = async (): Promise<string> =>
      (await window.page.locator('.xterm-rows > div').allTextContents()).join('').replaceAll('\u00a0', ' ').trimEnd();
    const command = `${join(folder.path, 'claude')} --resume 0de8e206-6948-46c7-9c37-4f28342e89c0`;
    await poll(async () => (await typed()).endsWith(command), 'the command stands in a terminal, and was not executed');

    await window.useButton(session, 'Reset Session…');
    await window.dialog.getByText('Reset the session "all wakes without a task" of writer?').waitFor();
    await window.dialog.getByRole('button', { name: 'Reset', exact: true }).click();
    await session.waitFor({ state: 'detached' });
    assert.equal(await window.row('Agents', /^Sessions/).count(), 0);
  });

  it('are woken afresh, whatever they remember', async () => {
    await window.run('reveille.agent.wake', 'writer');
    await window
      .row('Runs', /^writer, succeeded/)
      .nth(1)
      .waitFor();
    const session = window.row('Agents', /^all wakes without a task, 1 run/);
    const group = window.row('Agents', /^Sessions, 1/);
    await group.waitFor();
    // The rows may move just when the pointer is on them.
    const isShown = async (): Promise<boolean> => {
      if ((await group.getAttribute('aria-expanded')) !== 'true') await openRow(/^Sessions, 1/);
      return session.isVisible();
    };
    await poll(isShown, 'the session is shown');

    await window.run('reveille.agent.wakeFresh', 'writer');
    await window
      .row('Runs', /^writer, succeeded/)
      .nth(2)
      .waitFor();
    await window.run('reveille.agent.openTranscript', 'writer');
    const transcript = async (): Promise<string> => (await window.outputLines()).join(' ').replace(/\s+/g, ' ');
    await poll(
      async () =>
        /begins a new conversation in the place of 0de8e206-[-0-9a-f]+, as was asked for/.test(await transcript()),
      'the transcript says that it began anew',
    );
    // One run again: it is another conversation.
    await poll(isShown, 'the session is shown as one of one run', 30_000).catch(async (error: unknown) => {
      throw new Error(`Shown: ${(await window.rows('Agents')).join(' | ')}`, { cause: error });
    });
  });

  it('have no sessions below them any more when somebody resets them elsewhere', async () => {
    const group = window.row('Agents', /^Sessions, 1/);
    await group.waitFor();
    await folder.reveille('session', 'reset', 'writer');
    await group.waitFor({ state: 'detached' });
  });

  it('that could not start offer a check, which says what to do', async () => {
    await window.run('reveille.agent.wake', 'nobody');
    await window.row('Runs', /^nobody, failed/).waitFor();
    const told = await window.message(/^nobody: |nobody:/);
    await told.getByRole('button', { name: 'Check Agent' }).click();
    await editorHas('Check of nobody', 'It cannot work like this.', '→ ');
    await window.runBuiltIn('View: Close Editor');
    await window.runBuiltIn('Notifications: Clear All Notifications');

    const fault = window.row('Inbox', /^nobody cannot work, program not found/);
    await window.useButton(fault, 'Check Agent');
    await editorHas('Check of nobody', 'It cannot work like this.');

    writeReplayedCli(join(folder.path, 'no-claude'), 'claude', '00-first-bash');
    await folder.reveille('accept');
    await window.run('reveille.agent.wake', 'nobody');
    await fault.waitFor({ state: 'detached' });
    await window.view('Inbox').getByText('No agent asks you anything.').waitFor();
  });
});
