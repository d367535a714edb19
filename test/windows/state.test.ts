import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { isAlive } from '../../src/runtime/processIdentity.ts';
import { poll } from '../support/poll.ts';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

async function stateOf(folder: AgentFolder): Promise<string> {
  const entry = await folder.entry();
  assert(entry);
  return join(entry.store, 'state');
}

/** Changes a byte of the last thing that a text stands in. */
async function damage(folder: AgentFolder, text: string): Promise<void> {
  const directory = await stateOf(folder);
  const names = readdirSync(directory).filter((name) => name.startsWith('wal-'));
  const name = names.findLast((one) => readFileSync(join(directory, one)).includes(text));
  assert(name !== undefined, `${text} stands in no journal`);
  const bytes = readFileSync(join(directory, name));
  bytes.writeUInt8(0, bytes.lastIndexOf(text));
  writeFileSync(join(directory, name), bytes);
}

describe('the state of a folder', function () {
  this.timeout(120_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;
  let backup: string;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('main');
    window = await place.openReadyWindow(folder);
    await window.run('reveille.agent.wake', 'quick');
    await window.row('Runs', /^quick, succeeded/).waitFor();
    backup = place.pathOf('backup.sqlite');
  });

  after(() => place[Symbol.asyncDispose]());

  it('is backed up into a file that SQLite opens, and its audit log is whole', async () => {
    await window.run('reveille.state.backUp');
    await window.chooseFile(backup, 'OK');
    await window.message(/The state of "main" is in .*backup\.sqlite/);
    assert.equal(readFileSync(backup).toString('latin1', 0, 15), 'SQLite format 3');

    await window.run('reveille.audit.verify');
    await window.message(/The audit log is whole/);
  });

  it('is restored from a backup after saying what is lost; the former state is kept', async () => {
    await window.run('reveille.agent.wake', 'failing');
    await window.row('Runs', /^failing, failed/).waitFor();

    await window.run('reveille.state.restore');
    await window.chooseFile(backup, 'Check…');
    await window.dialog.getByText(/Replace the state of "main" by this backup/).waitFor();
    await window.dialog.getByRole('button', { name: 'Restore' }).click();

    await window.message(/The state of "main" is restored/);
    await window.row('Runs', /^failing, failed/).waitFor({ state: 'detached' });
    await window.row('Runs', /^quick, succeeded/).waitFor();
    await window.run('reveille.agent.wake', 'quick');
    await poll(() => folder.began.filter((name) => name === 'quick').length === 2, 'the agent runs again');
    assert.equal(existsSync(join(await stateOf(folder), 'quarantine')), true);
  });

  it('that is damaged is not touched until the person chose to go on with what can be read', async () => {
    await window.run('reveille.agent.wake', 'failing');
    await window.row('Runs', /^failing, failed/).waitFor();
    const { identity } = await folder.owner();
    await window.close();
    process.kill(identity.pid, 'SIGTERM');
    await poll(() => !isAlive(identity), 'the runtime ends');
    await damage(folder, 'failing');

    window = await place.openWindow(folder);
    const told = await window.message(/The state of this folder .* is damaged/);
    await told.getByRole('button', { name: 'Recover…' }).click();
    await window.choose('Continue with What Can Be Read');
    await window.dialog.getByText(/Continue with what can be read of the state of "main"/).waitFor();
    await window.dialog.getByRole('button', { name: 'Continue' }).click();

    await window.row('Agents', /^quick/).waitFor();
    await window.message(/Reveille recovered the state of "main": What could not be read/);
    await window
      .row('Runs', /^quick, succeeded/)
      .first()
      .waitFor();
    await window.run('reveille.agent.wake', 'quick');
    await poll(() => folder.began.filter((name) => name === 'quick').length === 3, 'the agent runs again');
  });
});
