import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationWatcher } from '../../../src/runtime/config/configurationWatcher.ts';
import { isGitBusy } from '../../../src/runtime/config/gitLock.ts';
import { useTemporaryFolder } from '../../support/eachTemporaryFolder.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { TestLogger } from '../../support/testLogger.ts';

const settleMs = 2000;
const isSettle = (delayMs: number) => delayMs === settleMs;
const isGitRetry = (delayMs: number) => delayMs === 500;
const isPoll = (delayMs: number) => delayMs === 30_000;

describe('ConfigurationWatcher', () => {
  const temporary = useTemporaryFolder();
  let clock: ManualClock;
  let log: TestLogger;
  let watcher: ConfigurationWatcher;
  let settled = 0;

  const directory = () => path.join(temporary.path, '.reveille');
  const file = () => path.join(directory(), 'reveille.yaml');
  const lock = () => path.join(temporary.path, '.git', 'index.lock');

  function write(content = String(Math.random())): void {
    mkdirSync(directory(), { recursive: true });
    writeFileSync(file(), content);
  }

  async function start(): Promise<void> {
    watcher = new ConfigurationWatcher({ folder: temporary.path, clock, log });
    watcher.onDidSettle(() => settled++);
    await watcher.start();
  }

  /** Lets time pass, whatever the watcher waits for, until it has settled once more. */
  async function whenSettled(): Promise<void> {
    let isDone = false;
    const subscription = watcher.onDidSettle(() => (isDone = true));
    const whenDone = new Promise<void>((resolve) => void watcher.onDidSettle(() => resolve()));
    const isWaiting = (delayMs: number) => isSettle(delayMs) || isGitRetry(delayMs);
    const isOver = () => isDone;
    while (!isOver()) {
      await Promise.race([whenDone, clock.whenTimerSet(isWaiting)]);
      if (!isOver()) clock.tick(settleMs);
    }
    subscription.dispose();
  }

  beforeEach(() => {
    clock = new ManualClock();
    log = new TestLogger();
    settled = 0;
  });

  afterEach(() => {
    watcher.dispose();
    watcher.dispose();
    assert.equal(clock.pendingTimers, 0);
    log.assertQuiet();
  });

  it('waits for two quiet seconds after a change', async () => {
    write();
    await start();
    write();
    await clock.whenTimerSet(isSettle);
    clock.tick(settleMs - 1);
    assert.equal(settled, 0);
    await whenSettled();
    assert.equal(settled, 1);
  });

  it('begins to wait anew with each event', async () => {
    write();
    await start();
    write();
    await clock.whenTimerSet(isSettle);
    clock.tick(settleMs - 1);
    const whenAgain = clock.whenNextTimerSet(isSettle);
    write();
    await whenAgain;
    assert.equal(clock.pendingDelays.filter(isSettle).length, 1);
  });

  it('notices a file whose directory did not exist yet', async () => {
    await start();
    write();
    await whenSettled();
  });

  it('notices a file that an editor puts in place by renaming', async () => {
    write();
    await start();
    writeFileSync(path.join(temporary.path, 'new'), 'x');
    renameSync(path.join(temporary.path, 'new'), file());
    await whenSettled();
  });

  it('follows a directory that is removed and made again', async () => {
    write();
    await start();
    rmSync(directory(), { recursive: true });
    await whenSettled();
    write();
    await whenSettled();
    write();
    await whenSettled();
  });

  it('does not mind other files', async () => {
    write();
    await start();
    writeFileSync(path.join(temporary.path, 'other'), 'x');
    write();
    await whenSettled();
    assert.equal(settled, 1);
  });

  it('waits while git holds its lock', async () => {
    mkdirSync(path.dirname(lock()));
    write();
    await start();
    writeFileSync(lock(), '');
    write();
    await clock.whenTimerSet(isSettle);
    clock.tick(settleMs);
    await clock.whenTimerSet((delayMs) => isGitRetry(delayMs) || isSettle(delayMs));
    assert.equal(settled, 0);
    rmSync(lock());
    await whenSettled();
    assert.equal(settled, 1);
  });

  it('notices within 30 s what sent no event', async () => {
    write();
    const neverEvents = path.join(temporary.path, 'link');
    watcher = new ConfigurationWatcher({ folder: neverEvents, clock, log });
    await watcher.start();
    mkdirSync(path.join(neverEvents, '.reveille'), { recursive: true });
    writeFileSync(path.join(neverEvents, '.reveille', 'reveille.yaml'), 'x');
    await clock.whenTimerSet(isPoll);
    clock.tick(30_000);
    await whenSettled();
  });
});

describe('isGitBusy', () => {
  const temporary = useTemporaryFolder();
  const at = (...names: string[]) => path.join(temporary.path, ...names);

  it('is false without git', async () => {
    assert.equal(await isGitBusy(at()), false);
  });

  it('sees the lock of the repository around the folder', async () => {
    mkdirSync(at('.git'));
    mkdirSync(at('packages', 'a'), { recursive: true });
    assert.equal(await isGitBusy(at('packages', 'a')), false);
    writeFileSync(at('.git', 'index.lock'), '');
    assert.equal(await isGitBusy(at('packages', 'a')), true);
  });

  it('sees the lock of a linked work tree', async () => {
    mkdirSync(at('main', '.git', 'worktrees', 'tree'), { recursive: true });
    mkdirSync(at('tree'));
    writeFileSync(at('tree', '.git'), 'gitdir: ../main/.git/worktrees/tree\n');
    writeFileSync(at('main', '.git', 'index.lock'), '');
    assert.equal(await isGitBusy(at('tree')), false);
    writeFileSync(at('main', '.git', 'worktrees', 'tree', 'index.lock'), '');
    assert.equal(await isGitBusy(at('tree')), true);
  });
});
