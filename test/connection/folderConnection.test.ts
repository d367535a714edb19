import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FolderConnection } from '../../src/connection/connection.ts';
import { Connections } from '../../src/connection/connections.ts';
import { RuntimeFolderConnection, type ConnectionOptions } from '../../src/connection/folderConnection.ts';
import { identifyFolder } from '../../src/endpoint/folderIdentity.ts';
import { inspectOwner, ownersDirectory } from '../../src/endpoint/ownerRecord.ts';
import { Registry } from '../../src/endpoint/registry.ts';
import { systemClock, type Clock } from '../../src/runtime/clock.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { identifyProcess } from '../../src/runtime/processIdentity.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';
import { TestLogger } from '../support/testLogger.ts';

const runtimeEntry = fileURLToPath(new URL('../fixtures/fixtureRuntime.ts', import.meta.url));
const settings = { kind: 'window', isTrusted: true } as const;

/** Time that passes twenty times as fast. */
const quickClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 20,
  setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs / 20),
};

/** Resolves once the connection is as wanted. */
function until(connection: FolderConnection, isWanted: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (isWanted()) {
      resolve();
      return;
    }
    const subscription = connection.onDidChange(() => {
      if (!isWanted()) return;
      subscription.dispose();
      resolve();
    });
  });
}

function untilConnected(connection: FolderConnection): Promise<void> {
  return until(connection, () => connection.status.kind === 'connected');
}

describe('RuntimeFolderConnection', function () {
  this.timeout(30_000);
  const temporary = useTemporaryFolder();
  const logger = new TestLogger();
  const opened: RuntimeFolderConnection[] = [];
  const workspace = (): string => join(temporary.path, 'work');
  const registry = (): Registry => Registry.open(join(temporary.path, 'state'));

  function open(version = '1.0.0', part: Partial<ConnectionOptions> = {}): RuntimeFolderConnection {
    const connection = new RuntimeFolderConnection({ name: 'work', path: workspace() }, settings, {
      registry,
      storagePath: join(temporary.path, `storage-of-${version}`),
      runtimeEntry,
      execPath: process.execPath,
      env: process.env,
      extraArgs: ['--version', version],
      build: { version, stamp: 1 },
      clock: systemClock,
      logger,
      ...part,
    });
    opened.push(connection);
    connection.start();
    return connection;
  }

  beforeEach(() => {
    mkdirSync(join(workspace(), '.reveille'), { recursive: true });
    writeFileSync(join(workspace(), '.reveille', 'reveille.yaml'), 'agents: {}\n');
  });

  afterEach(async () => {
    for (const connection of opened.splice(0)) connection.dispose();
    const entry = registry().find(await identifyFolder(workspace()));
    const reading = entry === null ? null : inspectOwner(entry.store);
    if (
      reading?.kind === 'record' &&
      !reading.record.released &&
      identifyProcess(reading.record.identity.pid) !== null
    ) {
      process.kill(reading.record.identity.pid, 'SIGKILL');
      // A killed runtime leaves its socket behind.
      const { endpoint } = reading.record;
      if (endpoint !== null && process.platform !== 'win32')
        rmSync(dirname(endpoint), { recursive: true, force: true });
    }
  });

  it('starts nothing for a folder without configuration and state, until it is told to', async () => {
    writeFileSync(join(workspace(), '.reveille', 'other.yaml'), '');
    mkdirSync(join(temporary.path, 'plain'));
    const connection = new RuntimeFolderConnection({ name: 'plain', path: join(temporary.path, 'plain') }, settings, {
      registry,
      storagePath: join(temporary.path, 'storage'),
      runtimeEntry,
      execPath: process.execPath,
      env: process.env,
      build: { version: '1.0.0', stamp: 1 },
      clock: systemClock,
      logger,
    });
    opened.push(connection);
    connection.start();
    await until(connection, () => connection.status.kind === 'unused');
    assert.equal(existsSync(join(temporary.path, 'storage')), false);
    await assert.rejects(connection.request('runtime.status', {}), (error) => error instanceof UserError);
    connection.retry();
    await untilConnected(connection);
    await connection.request('runtime.stop', { mode: 'now', reason: 'test' });
  });

  it('joins all windows of a folder to one runtime and one store', async () => {
    const windows = Array.from({ length: 5 }, () => open());
    await Promise.all(windows.map(untilConnected));
    assert.equal(new Set(windows.map((window) => window.state?.runtime.pid)).size, 1);
    assert.equal(new Set(windows.map((window) => window.state?.runtime.storePath)).size, 1);
  });

  it('passes a change made through one window on to the others', async () => {
    const [one, other] = [open(), open()];
    await Promise.all([untilConnected(one), untilConnected(other)]);
    const seen = until(other, () => other.state?.agents.get('engineer')?.statusReason === 'lunch');
    await one.request('agent.pause', { agent: 'engineer', reason: 'lunch' });
    await seen;
  });

  it('notices a killed runtime, keeps what it knew meanwhile, and starts a new one', async () => {
    const connection = open();
    await untilConnected(connection);
    const pid = connection.state?.runtime.pid ?? 0;
    const lost = until(connection, () => connection.status.kind === 'connecting');
    process.kill(pid, 'SIGKILL');
    await lost;
    assert.equal(connection.state?.runtime.pid, pid);
    const status = await connection.request('runtime.status', {});
    assert.notEqual(status.pid, pid);
    await until(connection, () => connection.state?.runtime.pid === status.pid);
  });

  it('says what a runtime says that cannot start, and tries again when told', async () => {
    const extraArgs = ['--fail', 'The disk is full. Make room.'];
    const connection = open('1.0.0', { extraArgs });
    await until(connection, () => connection.status.kind === 'failed');
    assert.deepEqual(connection.status, { kind: 'failed', message: 'The disk is full. Make room.', action: 'retry' });
    extraArgs.splice(0);
    connection.retry();
    await untilConnected(connection);
  });

  it('names the setting when the program to run the runtime does not exist', async () => {
    const connection = open('1.0.0', { execPath: join(temporary.path, 'missing') });
    await until(connection, () => connection.status.kind === 'failed');
    assert.match(connection.status.kind === 'failed' ? connection.status.message : '', /reveille\.runtimeExecutable/);
  });

  it('replaces an older runtime after it has finished; the older window moves over, and starts nothing', async () => {
    const older = open('1.0.0');
    await untilConnected(older);
    const newer = open('1.1.0');
    await untilConnected(newer);
    await until(older, () => older.status.kind === 'connected' && older.state?.runtime.version === '1.1.0');
    assert.deepEqual(newer.state?.runtime, older.state?.runtime);
    assert.equal(newer.state?.runtime.version, '1.1.0');
  });

  it('joins a newer runtime', async () => {
    const newer = open('1.1.0');
    await untilConnected(newer);
    const older = open('1.0.0');
    await untilConnected(older);
    assert.equal(older.state?.runtime.pid, newer.state?.runtime.pid);
  });

  it('asks for a reload where only an older runtime could be started than the folder has seen', async () => {
    const folder = await identifyFolder(workspace());
    await registry().findOrCreate(folder, join(temporary.path, 'store'));
    await registry().recordUse(folder, { version: '2.0.0', stamp: 1 });
    const connection = open('1.0.0', { clock: quickClock });
    await until(connection, () => connection.status.kind === 'failed');
    assert.ok(connection.status.kind === 'failed' && connection.status.action === 'reload');
    assert.match(connection.status.message, /2\.0\.0/);
  });

  it('offers to end a runtime that lives in silence, and ends that very process when asked', async () => {
    const extraArgs = ['--mute'];
    const connection = open('1.0.0', { extraArgs });
    await until(connection, () => connection.status.kind === 'failed');
    assert.ok(connection.status.kind === 'failed' && connection.status.action === 'restartRuntime');
    const entry = registry().find(await identifyFolder(workspace()));
    const reading = inspectOwner(entry?.store ?? '');
    const pid = reading.kind === 'record' ? reading.record.identity.pid : 0;
    assert.notEqual(identifyProcess(pid), null);
    extraArgs.splice(0);
    connection.restartRuntime();
    await untilConnected(connection);
    assert.notEqual(connection.state?.runtime.pid, pid);
    assert.equal(identifyProcess(pid), null);
  });

  it('leaves a folder alone that another machine runs', async () => {
    const connection = open();
    await untilConnected(connection);
    const store = connection.state?.runtime.storePath ?? '';
    const reading = inspectOwner(store);
    assert.ok(reading.kind === 'record');
    connection.dispose();
    const foreign = { ...reading.record, epoch: 50, host: 'elsewhere' };
    writeFileSync(join(ownersDirectory(store), 'e-50'), JSON.stringify(foreign));
    const other = open();
    await until(other, () => other.status.kind === 'failed');
    assert.match(other.status.kind === 'failed' ? other.status.message : '', /elsewhere/);
    process.kill(reading.record.identity.pid, 'SIGKILL');
    writeFileSync(join(ownersDirectory(store), 'e-50'), JSON.stringify({ ...foreign, released: true }));
  });

  it('tells those who wait for a connection when the folder is closed', async () => {
    const connection = open('1.0.0', { extraArgs: ['--mute'] });
    const waiting = assert.rejects(connection.request('runtime.status', {}), /closed/);
    connection.dispose();
    await waiting;
  });

  it('is one of a list that keeps what stays and lets go of what is gone', async () => {
    mkdirSync(join(temporary.path, 'second'));
    const connections = new Connections(settings, {
      registry,
      storagePath: join(temporary.path, 'storage'),
      runtimeEntry,
      execPath: process.execPath,
      env: process.env,
      build: { version: '1.0.0', stamp: 1 },
      clock: systemClock,
      logger,
    });
    const first = { name: 'work', path: workspace() };
    connections.setFolders([first]);
    const [kept] = connections.folders;
    assert.ok(kept !== undefined);
    await untilConnected(kept);
    connections.setFolders([{ name: 'second', path: join(temporary.path, 'second') }, first]);
    assert.deepEqual(
      connections.folders.map((folder) => folder.name),
      ['second', 'work'],
    );
    assert.equal(connections.folders[1], kept);
    connections.setFolders([]);
    assert.deepEqual(connections.folders, []);
    await assert.rejects(kept.request('runtime.status', {}), UserError);
    connections.dispose();
  });
});
