import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { isAlive, type ProcessIdentity } from '../../src/runtime/processIdentity.ts';
import { poll } from '../support/poll.ts';
import type { EditorWindow } from './editorWindow.ts';
import { isRunning, Workplace, type AgentFolder } from './workplace.ts';

/** How long a runtime stays after its last window, in milliseconds, and what a loaded machine may add. */
const lingerMs = 30_000;
const slackMs = 15_000;
const longestMs = 180_000;

/** A folder whose only window was closed, and when. */
interface LeftFolder {
  readonly folder: AgentFolder;
  readonly runtime: ProcessIdentity;
  readonly leftAt: number;
  /** When its runtime was seen to have ended. */
  readonly ended: Promise<number>;
}

describe('the runtime of a folder', function () {
  this.timeout(120_000);
  let place: Workplace;
  let folder: AgentFolder;
  let window: EditorWindow;
  let idle: LeftFolder;
  let busy: LeftFolder;

  /** Closes the window on a folder. */
  async function leave(left: AgentFolder, its: EditorWindow): Promise<LeftFolder> {
    const runtime = (await left.owner()).identity;
    await its.close();
    const leftAt = performance.now();
    const ended = poll(() => !isAlive(runtime), `the runtime of ${left.path} ends`, longestMs).then(() =>
      performance.now(),
    );
    return { folder: left, runtime, leftAt, ended };
  }

  before(async () => {
    place = await Workplace.open({ trust: true });
    const quiet = place.makeFolder('quiet');
    idle = await leave(quiet, await place.openReadyWindow(quiet));
    const working = place.makeFolder('working');
    const itsWindow = await place.openReadyWindow(working);
    await itsWindow.run('reveille.agent.wake', 'speaker');
    await itsWindow.row('Runs', /^speaker, running/).waitFor();
    await poll(() => working.began.length === 1, 'the agent begins');
    busy = await leave(working, itsWindow);
    folder = place.makeFolder('main');
    window = await place.openReadyWindow(folder);
    await window.run('reveille.agent.wake', 'speaker');
    await window.row('Runs', /^speaker, running/).waitFor();
    await poll(() => folder.began.length === 1, 'the agent begins');
  });

  after(() => place[Symbol.asyncDispose]());

  it('is the same for a workspace file with its folder; a folder that is added to that gets one of its own', async () => {
    const other = place.makeFolder('other');
    const before = await folder.owner();
    const store = (await folder.entry())?.store;

    const wide = await place.openWindow(folder);
    await wide.openWorkspace(place.writeFile('all.code-workspace', JSON.stringify({ folders: [{ path: 'main' }] })));
    await wide.row('Runs', /^speaker, running/).waitFor();
    await wide.addFolder(other.path);

    await wide.row('Agents', /^main/).waitFor();
    await wide.row('Agents', /^other/).waitFor();
    await wide.row('Agents', /^quick, waits for your review/).waitFor();
    await wide.row('Agents', /^quick, idle/).waitFor();
    assert.deepEqual([(await folder.owner()).identity, (await folder.owner()).epoch], [before.identity, before.epoch]);
    assert.equal((await folder.entry())?.store, store);
    assert.notEqual((await other.owner()).identity.pid, before.identity.pid);
    assert.notEqual((await other.entry())?.store, store);
    assert.equal(folder.began.length, 1);
    await wide.close();
  });

  it('that was killed is replaced within seconds, and its run is shown as failed, with the reason', async () => {
    const killed = (await folder.owner()).identity;
    const lost = folder.speakerPid;
    assert.equal(isRunning(lost), true);
    const killedAt = performance.now();
    process.kill(killed.pid, 'SIGKILL');

    await window.row('Runs', /^speaker, failed/).waitFor();
    const tookMs = performance.now() - killedAt;
    assert.ok(tookMs < slackMs, `It took ${tookMs} ms`);
    const now = await folder.owner();
    assert.notEqual(now.identity.pid, killed.pid);
    assert.equal(now.epoch, 2);
    await poll(() => !isRunning(lost), 'what was left of the run is ended');
    await window.message(/runtime ended while this run was going on/);
    await window.run('reveille.agent.wake', 'quick');
    await window.row('Runs', /^quick, succeeded/).waitFor();
    assert.deepEqual(folder.began.length, 2);
  });

  it('leaves 30 s after its last window, not sooner', async () => {
    const stayedMs = (await idle.ended) - idle.leftAt;
    assert.ok(stayedMs > lingerMs - 1000 && stayedMs < lingerMs + slackMs, `It stayed ${stayedMs} ms`);
    assert.equal((await idle.folder.owner()).released, true);
  });

  it('first lets a run in flight finish', async () => {
    const { folder: working, runtime, leftAt, ended } = busy;
    const wait = leftAt + lingerMs + 5000 - performance.now();
    await poll(() => performance.now() > leftAt + lingerMs + 5000, 'well over 30 s have passed', wait + slackMs);
    assert.equal(isAlive(runtime), true);
    assert.equal(isRunning(working.speakerPid), true);

    working.letEnd();

    const letEndAt = performance.now();
    assert.ok((await ended) - letEndAt < slackMs);
    assert.equal((await working.owner()).released, true);
    const again = await place.openWindow(working);
    await again.row('Runs', /^speaker, succeeded/).waitFor();
    await again.close();
  });
});
