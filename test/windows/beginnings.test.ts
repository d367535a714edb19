import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

describe('a window', function () {
  this.timeout(120_000);
  let place: Workplace;
  let window: EditorWindow;
  let folder: AgentFolder;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('empty', null);
    window = await place.openWindow(folder);
  });

  after(() => place[Symbol.asyncDispose]());

  it('on a folder without a configuration starts nothing for it and offers to create one', async () => {
    await window
      .view('Agents')
      .getByText(/No agents here yet/)
      .waitFor();
    assert.equal(await folder.entry(), null);
  });

  it('creates a configuration with the agents that are chosen, opens it, and shows what waits for review', async () => {
    await window.view('Agents').getByRole('button', { name: 'Create Configuration' }).click();
    const picker = window.page.locator('.quick-input-widget');
    await picker.getByPlaceholder('With which agents do you begin?').waitFor();
    const options = picker.locator('.quick-input-list .monaco-list-row');
    await options.nth(3).waitFor();
    const offered = await options.evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
    const expected = [/^Claude Code.*“claude”/, /^Codex.*“codex”/, /^Any program/, /^A server/];
    expected.forEach((pattern, index) => assert.match(offered[index] ?? '', pattern));
    // What is chosen beforehand depends on the programs of the machine.
    for (const option of await options.all()) {
      const isWanted = /^Any program/.test((await option.getAttribute('aria-label')) ?? '');
      if (((await option.getAttribute('aria-checked')) === 'true') !== isWanted) await option.click();
    }
    await picker.getByRole('button', { name: 'OK' }).click();
    await window.row('Agents', /^greeter, waits for your review/).waitFor();
    assert.ok((await window.editorLines()).some((line) => line.includes('command: echo Good morning')));
    assert.notEqual(await folder.entry(), null);
  });

  it('leads from there to a run', async () => {
    await window.run('reveille.agent.wake', 'greeter');
    await window.dialog.getByRole('button', { name: 'Accept', exact: true }).click();
    await window.row('Runs', /^greeter, succeeded/).waitFor();
  });

  it('forgets a session of the agent after asking', async () => {
    await window.run('reveille.session.reset', 'greeter');
    await window.page.getByPlaceholder(/Which session/).press('Enter');
    await window.dialog.getByRole('button', { name: 'Reset' }).click();
    await window.dialog.waitFor({ state: 'hidden' });
    await window.run('reveille.session.reset', 'greeter');
    await window.message(/has no session/);
  });

  it('shows where a mistake in the configuration is, and keeps the last good definitions in force', async () => {
    const good = await folder.configuration();
    folder.configure(good.replace('adapter: process', 'adapter: proces'));
    const line = good.split('\n').findIndex((text) => text.includes('adapter: process')) + 1;

    await window
      .view('Agents')
      .getByText(/last good definitions stay in force/)
      .waitFor();
    await window.runBuiltIn('Problems: Focus on Problems View');
    await window.problem(`Ln ${line}`).waitFor();
    await window.run('reveille.agent.wake', 'greeter');
    await window
      .row('Runs', /^greeter, succeeded/)
      .nth(1)
      .waitFor();

    folder.configure(good);
    await window
      .view('Agents')
      .getByText(/last good definitions stay in force/)
      .waitFor({ state: 'hidden' });
    await window.problem(`Ln ${line}`).waitFor({ state: 'hidden' });
    assert.equal((await window.rows('Agents')).length, 1);
  });

  it('on a folder whose configuration never was right says so', async () => {
    await window.close();
    window = await place.openWindow(place.makeFolder('broken', 'agents: [\n'));
    await window
      .view('Agents')
      .getByText(/configuration has a mistake/)
      .waitFor();
    await window.view('Agents').getByRole('button', { name: 'Open Configuration' }).click();
    await window.page.locator('.tab').getByText('reveille.yaml').first().waitFor();
  });

  it('whose storage folder cannot be written says which setting helps, and Retry connects once it is right', async () => {
    await window.close();
    folder = place.makeFolder('unwritable');
    folder.write('occupied', 'not a folder');
    const storage = join(folder.path, 'occupied');
    folder.write('.vscode/settings.json', JSON.stringify({ 'reveille.storagePath': storage }));
    window = await place.openWindow(folder);

    const message = await window.message(/cannot write to its storage folder/);
    assert.match(await message.innerText(), /reveille\.storagePath/);
    await window
      .view('Agents')
      .getByText(/cannot be reached/)
      .waitFor();
    assert.equal(await folder.entry(), null);

    rmSync(storage);
    mkdirSync(storage);
    await message.getByRole('button', { name: 'Retry' }).click();
    await window.row('Agents', /^quick, waits for your review/).waitFor();
    assert.ok((await folder.entry())?.store.startsWith(storage));
  });

  it('without a folder says what agents need', async () => {
    await window.leaveFolder();
    await window.view('Agents').getByRole('button', { name: 'Open Folder' }).waitFor();
    assert.deepEqual(await window.rows('Agents'), []);
  });
});
