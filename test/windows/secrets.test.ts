import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { poll } from '../support/poll.ts';
import type { EditorWindow } from './editorWindow.ts';
import { Workplace, type AgentFolder } from './workplace.ts';

const agents = `
agents:
  deployer:
    adapter: process
    command: sh
    args: [-c, 'printf %s "$TOKEN" | wc -c > length; echo "it is $TOKEN"']
    env: { TOKEN: { secret: DEPLOY_TOKEN } }
`;

describe('a secret in the editor', function () {
  this.timeout(120_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('main', agents);
    window = await place.openWindow(folder);
    await window.row('Agents', /^deployer, waits for your review/).waitFor();
    await folder.reveille('accept');
    await window.row('Agents', /^deployer, idle/).waitFor();
  });

  after(() => place[Symbol.asyncDispose]());

  it('is asked for in the Inbox; setting it there releases the wake that waits, and no log tells it', async () => {
    await folder.reveille('wake', 'deployer');
    await window.row('Runs', /queued · waits for the secret DEPLOY_TOKEN/).waitFor();

    await window.useButton(window.row('Inbox', /^Set the secret DEPLOY_TOKEN, deployer/), 'Set Secret…');
    await window.answer('Value of the secret DEPLOY_TOKEN', 'open sesame');

    await window.row('Runs', /^deployer, succeeded/).waitFor();
    await poll(() => Promise.resolve(readFileSync(join(folder.path, 'length'), 'utf8').trim() === '11'), 'it came');
    assert.match(await folder.reveille('secrets'), /^DEPLOY_TOKEN +set +deployer/);
    await window.run('reveille.agent.openTranscript', 'deployer');
    await poll(
      async () => (await window.outputLines()).join('\n').includes('it is [secret DEPLOY_TOKEN]'),
      'the transcript says so',
    );
  });
});
