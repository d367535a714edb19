import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { launchChromium } from '../support/chromium.ts';
import { poll } from '../support/poll.ts';
import type { OwnerRecord } from '../../src/endpoint/ownerRecord.ts';
import { isAlive } from '../../src/runtime/processIdentity.ts';
import type { EditorWindow } from './editorWindow.ts';
import { viewport } from './editorWindow.ts';
import { isRunning, Workplace, type AgentFolder } from './workplace.ts';

/** The lines that a speaker's log consists of, among those that are drawn. */
const spoken = (lines: readonly string[]) => lines.filter((line) => /^(one|two|three|four|the end)$/.test(line));

const runningSpeaker = /^speaker, running/;

async function untilLines(read: () => Promise<string[]>, wanted: readonly string[]): Promise<void> {
  let last: string[] = [];
  const isThere = async () => (last = spoken(await read())).join() === wanted.join();
  await poll(isThere, `the lines ${wanted.join()} are shown`, 30_000).catch((error: unknown) => {
    throw new Error(`Shown: ${last.join()}`, { cause: error });
  });
}

/** Shows what the running agent says; a click on a row that is drawn anew at that moment is lost, as it is for a person. */
function showTranscript(window: EditorWindow): Promise<void> {
  const hasBegun = async (): Promise<boolean> => (await window.outputLines()).some((line) => /^━━ Run \d+/.test(line));
  return poll(
    async () => {
      await window
        .row('Agents', /^speaker, running/)
        .first()
        .click();
      return poll(hasBegun, 'the transcript is drawn', 5000).then(
        () => true,
        () => false,
      );
    },
    'the transcript is shown',
    30_000,
  );
}

describe('windows on one folder', function () {
  this.timeout(120_000);
  let place: Workplace;
  let folder: AgentFolder;
  let first: EditorWindow;
  let second: EditorWindow;
  let owner: OwnerRecord;
  let store: string | undefined;

  before(async () => {
    place = await Workplace.open({ trust: true });
    folder = place.makeFolder('shared');
    first = await place.openReadyWindow(folder);
    second = await place.openWindow(folder);
    owner = await folder.owner();
    store = (await folder.entry())?.store;
  });

  after(() => place[Symbol.asyncDispose]());

  /** The same process from the beginning on, and the same store. */
  async function assertSameRuntime(): Promise<void> {
    const now = await folder.owner();
    assert.deepEqual([now.identity, now.epoch, now.released], [owner.identity, 1, false]);
    assert.equal((await folder.entry())?.store, store);
    assert.equal(isAlive(owner.identity), true);
  }

  it('have one runtime and one store, in the storage of the first of them', async () => {
    await second.row('Agents', /^speaker, idle/).waitFor();
    await assertSameRuntime();
    assert.match(store ?? '', /workspaceStorage\/[^/]+\/reveille\.reveille\/stores\//);
  });

  it('show the same run, which ran once', async () => {
    await first.run('reveille.agent.wake', 'speaker');
    await first.row('Runs', runningSpeaker).waitFor();
    await second.row('Runs', runningSpeaker).waitFor();
    await second
      .row('Agents', /^speaker, running/)
      .first()
      .waitFor();
    await poll(() => folder.began.length > 0, 'the agent begins');
    assert.equal(folder.began.length, 1);
  });

  it('keep the run through Reload Window and show its whole log afterwards, nothing twice', async () => {
    const pid = folder.speakerPid;
    folder.say('one');
    await showTranscript(first);
    await untilLines(() => first.outputLines(), ['one']);

    await first.reload(() => folder.say('two'));

    await first.row('Runs', runningSpeaker).waitFor();
    assert.equal(folder.speakerPid, pid);
    assert.equal(isRunning(pid), true);
    await showTranscript(first);
    await untilLines(() => first.outputLines(), ['one', 'two']);
    folder.say('three');
    await untilLines(() => first.outputLines(), ['one', 'two', 'three']);
    await first.row('Runs', runningSpeaker).click();
    await untilLines(() => first.editorLines(), ['one', 'two', 'three']);
    await assertSameRuntime();
  });

  it('find the run again after the browser was killed', async () => {
    const pid = folder.speakerPid;
    await killBrowser(place);
    assert.equal(first.page.isClosed(), true);

    const browser = await launchChromium();
    try {
      first = await place.openWindow(folder, await browser.newContext({ viewport }));
      await first.row('Runs', runningSpeaker).waitFor();
      folder.say('four');
      await showTranscript(first);
      await untilLines(() => first.outputLines(), ['one', 'two', 'three', 'four']);
      assert.equal(isRunning(pid), true);
      await assertSameRuntime();
      folder.letEnd();
      await first.row('Runs', /^speaker, succeeded/).waitFor();
      await untilLines(() => first.outputLines(), ['one', 'two', 'three', 'four', 'the end']);
      assert.equal(folder.began.length, 1);
    } finally {
      await browser.close();
    }
  });
});

/** As if the machine of the person who looks had lost its power. */
async function killBrowser(place: Workplace): Promise<void> {
  const browser = await place.host.browser();
  const gone = new Promise<void>((resolve) => browser.once('disconnected', () => resolve()));
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const main = processInfo.find(({ type }) => type === 'browser');
  assert(main, 'The browser does not tell its process');
  process.kill(main.id, 'SIGKILL');
  await gone;
}
