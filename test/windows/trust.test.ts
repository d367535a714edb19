import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

describe('a folder that was just cloned', function () {
  this.timeout(120_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;

  before(async () => {
    place = await Workplace.open({ trust: false });
    folder = place.makeFolder('cloned');
    window = await place.openWindow(folder);
  });

  after(() => place[Symbol.asyncDispose]());

  it('shows its agents in Restricted Mode', async () => {
    await window.row('Agents', /^quick, /).waitFor();
    assert.equal((await window.rows('Agents')).length, 3);
    await window
      .view('Agents')
      .getByText(/no agent starts before you trust/)
      .waitFor();
  });

  it('starts nothing in Restricted Mode, and says why', async () => {
    await window.row('Agents', /^quick, /).click();
    await window.message(/Agents start only in trusted folders/);
    await window.run('reveille.issue.create');
    await window.type('Say something');
    await window.choose('quick');
    await window.message(/This workspace is not trusted/);
    assert.deepEqual(folder.began, []);
  });

  it('starts nothing in Restricted Mode either when its definitions were accepted elsewhere', async () => {
    const other = place.makeFolder('accepted');
    const its = await place.openWindow(other);
    await its.row('Agents', /^quick, waits/).waitFor();
    await other.reveille('accept');
    await its.row('Agents', /^quick, idle/).waitFor();
    await its.run('reveille.issue.create');
    await its.type('Say something');
    await its.choose('quick');
    await its.message(/This workspace is not trusted/);
    assert.deepEqual(other.began, []);
    await its.close();
  });

  it('still starts nothing once it is trusted: what would be executed waits for review', async () => {
    const message = await window.message(/Agents start only in trusted folders/);
    await message.getByRole('button', { name: 'Manage Trust' }).click();
    await window.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
    await window.message(/3 agents wait for your review/);
    await window.runBuiltIn('View: Close All Editors');

    await window.run('reveille.agent.wake', 'quick');
    await window.dialog.waitFor();
    await window.page.keyboard.press('Escape');

    await window.row('Agents', /^quick, waits for your review/).waitFor();
    assert.deepEqual(folder.began, []);
  });

  it('runs an agent after Review and Accept', async () => {
    const message = await window.message(/3 agents wait for your review/);
    await message.getByRole('button', { name: 'Review…' }).click();
    await window.dialog.getByText('echo quick >> began; echo all done').waitFor();
    assert.deepEqual(folder.began, []);
    await window.dialog.getByRole('button', { name: 'Accept All' }).click();
    await window.row('Agents', /^quick, idle/).waitFor();

    await window.run('reveille.agent.wake', 'quick');

    await window.row('Runs', /^quick, succeeded/).waitFor();
    assert.deepEqual(folder.began, ['quick']);
  });

  it('holds a definition that changed, and runs the accepted one meanwhile', async () => {
    folder.configure((await folder.configuration()).replace('echo quick >> began', 'echo changed >> began'));
    await window.row('Agents', /^quick, .*change waits for your review/).waitFor();

    await window.row('Agents', /^quick, /).hover();
    await window
      .row('Agents', /^quick, /)
      .getByRole('button', { name: /Wake Agent/ })
      .click();
    await window
      .row('Runs', /^quick, succeeded/)
      .nth(1)
      .waitFor();
    assert.deepEqual(folder.began, ['quick', 'quick']);

    await window.run('reveille.configuration.review');
    await window.dialog.getByRole('button', { name: 'Accept', exact: true }).click();
    await window.row('Agents', /^quick, idle/).waitFor();
    await window.run('reveille.agent.wake', 'quick');
    await window
      .row('Runs', /^quick, succeeded/)
      .nth(2)
      .waitFor();
    assert.deepEqual(folder.began, ['quick', 'quick', 'changed']);
  });
});
