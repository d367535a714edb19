import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { poll } from '../support/poll.ts';
import { fixtureProgram } from '../support/testRuns.ts';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

/** `asks` asks which design; `reader` and `beater` repeat what they are told, `worker` once there is a file `go`; `broken` fails while there is a file `fault`. */
const agents = `
defaults: { graceSec: 1, timeoutSec: 300 }
agents:
  asks:
    adapter: process
    protocol: jsonl
    command: ${process.execPath}
    args: [${fixtureProgram('asks.mjs')}]
    shareCwd: true
  reader: { adapter: process, command: cat, shareCwd: true }
  worker: { adapter: process, command: sh, args: [-c, 'cat; until [ -e go ]; do sleep 0.05; done'], shareCwd: true }
  broken:
    adapter: process
    command: sh
    args: [-c, 'if [ -e fault ]; then exit 3; fi']
    shareCwd: true
    loopBreaker: { sameError: 0 }
  beater: { adapter: process, command: cat, shareCwd: true }
heartbeats:
  pulse: { schedule: '* * * * *', agents: [beater], goal: Look at everything }
`;

describe('agents at work', function () {
  this.timeout(180_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('main', agents);
    window = await place.openWindow(folder);
    await window.row('Agents', /^asks, waits for your review/).waitFor();
    await folder.reveille('accept');
    await window.row('Agents', /^asks, idle/).waitFor();
  });

  after(() => place[Symbol.asyncDispose]());

  /** Waits for so many rows of runs that look like this. */
  const runs = (name: RegExp, count: number): Promise<void> =>
    window
      .row('Runs', name)
      .nth(count - 1)
      .waitFor();

  const editorHas = (...texts: readonly string[]): Promise<void> =>
    poll(
      async () => {
        const shown = (await window.editorLines()).join('\n');
        return texts.every((text) => shown.includes(text));
      },
      `the editor shows ${texts.join(', ')}`,
    );

  it('ask, wait for the answer, and go on with it', async () => {
    await window.view('Inbox').getByText('No agent asks you anything.').waitFor();
    await window.run('reveille.agent.wake', 'asks');
    await window.row('Inbox', /^Which design\?, asks · the run waits/).waitFor();
    await window.status.getByText('1 waiting for you', { exact: true }).waitFor();
    await runs(/^asks, waiting for you/, 1);

    await window.useButton(window.row('Inbox', /^plain/), 'Answer with This');
    await runs(/^asks, succeeded/, 1);
    await window.view('Inbox').getByText('No agent asks you anything.').waitFor();

    await window.run('reveille.agent.wake', 'asks');
    await window.row('Inbox', /^Which design\?/).waitFor();
    await window.run('reveille.question.answer', 'Which design?');
    await window.choose('Another answer…');
    await window.answer('Which design?', 'something round');
    await runs(/^asks, succeeded/, 2);
    await window.run('reveille.run.openLog', 'asks');
    await editorHas('Went on with: something round');
  });

  it('read what is said on their issue, and wait while it is blocked', async () => {
    await window.run('reveille.issue.create');
    await window.answer('What is to be done?', 'Tidy up');
    await window.choose('reader');
    await runs(/^reader, succeeded/, 1);

    await window.run('reveille.issue.comment', '#1 Tidy up');
    await window.answer('Comment on issue #1', 'Begin with the attic');
    await runs(/^reader, succeeded/, 2);
    await window.row('Issues', /^#1 Tidy up, reader · .*comments: 1/).waitFor();
    await window.run('reveille.run.openLog', 'reader');
    await editorHas('## Issue #1: Tidy up', 'Begin with the attic');

    await window.run('reveille.issue.block', '#1 Tidy up');
    await window.choose('Something else: mark it as blocked');
    await window.row('Issues', /^#1 Tidy up, reader · blocked/).waitFor();
    await window.run('reveille.issue.comment', '#1 Tidy up');
    await window.answer('Comment on issue #1', 'Then the cellar');
    await runs(/^reader, queued · waits until its issue is unblocked/, 1);
    await window.message(/The comment is kept\./);
    await window.run('reveille.issue.unblock', '#1 Tidy up');
    await runs(/^reader, succeeded/, 3);

    folder.write('rooms.txt', 'the larder\nthe loft\n');
    await window.runBuiltIn('Go to File...');
    await window.page.locator('.quick-input-widget input[type="text"]').fill('rooms.txt');
    await window.choose('rooms.txt');
    await editorHas('the larder');
    await window.runBuiltIn('Expand Line Selection');
    await window.run('reveille.issue.commentOnSelection', '#1 Tidy up');
    await window.answer('Comment on issue #1', 'Leave this one');
    await runs(/^reader, succeeded/, 4);
    await window.run('reveille.run.openLog', 'reader');
    await editorHas('rooms.txt:1', 'the larder', 'Leave this one');

    await window.run('reveille.issue.createChild', '#1 Tidy up');
    await window.answer('What is to be done?', 'Find a broom');
    await window.choose('Nobody');
    // The editor does not open a row that gets its first child.
    await window
      .row('Issues', /^#1 Tidy up/)
      .locator('.monaco-tl-twistie')
      .click();
    const child = window.row('Issues', /^#2 Find a broom, not assigned/);
    await child.waitFor();
    assert.equal(await child.getAttribute('aria-level'), '2');
    await window.run('reveille.issue.open', '#1 Tidy up');
    await editorHas('Parts: #2 Find a broom (to do)', '## Comments', 'Begin with the attic', 'Then the cellar');
  });

  it('are stopped with what waits behind them, go on when told so, and are terminated', async () => {
    await window.run('reveille.agent.wake', 'worker');
    await runs(/^worker, running/, 1);
    await window.run('reveille.agent.wakeWithMessage', 'worker');
    await window.answer('What shall it know?', 'Mind the gap');
    await window.page
      .locator('.statusbar')
      .getByText(/delivered when that run has ended/)
      .waitFor();

    await window.run('reveille.run.cancelAndPause', 'worker');
    await window.row('Agents', /^worker, paused/).waitFor();
    await runs(/^worker, cancelled/, 1);
    await runs(/^worker, Continue\?/, 1);
    const asked = await window.message(/A run of worker was cancelled, but messages wait that it has not read/);
    await asked.getByRole('button', { name: 'Continue' }).click();
    await runs(/^worker, queued · waits until the agent is resumed/, 1);
    await window.run('reveille.agent.resume', 'worker');
    await runs(/^worker, running/, 1);
    folder.write('go', '');
    await runs(/^worker, succeeded/, 1);
    await window.run('reveille.run.openLog', 'worker');
    await editorHas('Mind the gap');

    await window.run('reveille.agent.terminate', 'worker');
    await window.dialog.getByText('Terminate worker?').waitFor();
    await window.dialog.getByRole('button', { name: 'Terminate' }).click();
    await window.row('Agents', /^worker, terminated/).waitFor();
  });

  it('stop themselves after failures, and go on afresh when told so', async () => {
    await window.run('reveille.agent.wake', 'broken');
    await runs(/^broken, succeeded/, 1);
    folder.write('fault', '');
    for (let count = 1; count <= 5; count++) {
      await folder.reveille('wake', 'broken');
      await runs(/^broken, failed with exit code 3/, count);
    }
    await window.row('Agents', /^broken, stopped itself/).waitFor();

    const told = await window.message(/broken: It stopped itself: 5 runs in a row failed\./);
    rmSync(join(folder.path, 'fault'));
    await told.getByRole('button', { name: 'Reset Session and Resume' }).click();
    await window.row('Agents', /^broken, error/).waitFor();
    await window.run('reveille.session.reset', 'broken');
    await window.message(/broken has no session: its next run starts fresh anyway/);
    await window.run('reveille.agent.wake', 'broken');
    await runs(/^broken, succeeded/, 2);
  });

  it('beat together, and each step is told', async () => {
    await window.row('Runs', /^Heartbeats/).click();
    await window
      .row('Runs', /^pulse, .*1 of 1 runs succeeded/)
      .first()
      .waitFor({ timeout: 90_000 });
    await window.run('reveille.heartbeat.open', 'pulse');
    await editorHas('1. Triggered', '2. Agents selected: beater', '4. beater started', '5. beater ended: succeeded');
  });
});
