import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BaseEnvironment } from '../../src/runtime/baseEnvironment.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { ClientContext } from '../../src/runtime/serverClient.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';
import { TestRuntime } from '../support/openTestRuntime.ts';
import { TestLogger } from '../support/testLogger.ts';

const start = { PATH: '/opt/start:/bin', HOME: '/home/me', HTTPS_PROXY: 'http://start', VSCODE_PID: '1' };

function open(environment: Record<string, string> = start, platform: NodeJS.Platform = 'linux'): BaseEnvironment {
  const logger = new TestLogger();
  return new BaseEnvironment({ platform, environment, stateDirectory: '/state', clock: systemClock, logger });
}

function client(environment: Record<string, string> | undefined, part: Partial<ClientContext> = {}): ClientContext {
  return {
    id: 1,
    kind: 'window',
    isTrusted: true,
    version: '1.0.0',
    run: null,
    whenWindowsClose: undefined,
    maxUnattendedHours: undefined,
    auditKey: undefined,
    retention: undefined,
    maxConcurrentRuns: undefined,
    environment,
    ...part,
  };
}

describe('what every run gets of the machine', function () {
  this.timeout(20_000);
  const temporary = useTemporaryFolder();

  it('is what the runtime was started with, until somebody says what he has', () => {
    assert.deepEqual(open().current, {
      PATH: '/opt/start:/bin',
      HOME: '/home/me',
      HTTPS_PROXY: 'http://start',
      REVEILLE_STATE_HOME: '/state',
    });
  });

  it('is what the window has that came last, as far as it is on the list', () => {
    const environment = open();
    environment.follow(client({ PATH: '/opt/first:/bin', SSH_AUTH_SOCK: '/first' }));
    environment.follow(client({ PATH: '/opt/last:/bin', LD_PRELOAD: '/evil', REVEILLE_STATE_HOME: '/evil' }));
    environment.follow(client({ PATH: '/opt/terminal:/bin' }, { kind: 'cli' }));

    assert.deepEqual(environment.current, {
      PATH: '/opt/last:/bin',
      HOME: '/home/me',
      HTTPS_PROXY: 'http://start',
      REVEILLE_STATE_HOME: '/state',
    });
  });

  it('is what the command line has, where no window ever came', () => {
    const environment = open();
    environment.follow(client({ PATH: '/opt/terminal:/bin' }, { kind: 'cli' }));
    assert.equal(environment.current['PATH'], '/opt/terminal:/bin');
  });

  it('is never what somebody without trust has, or an agent in its run, until trust is granted', () => {
    const environment = open();
    environment.follow(client({ PATH: '/evil' }, { run: { id: 'r', agent: 'a' } }));
    const untrusted = { ...client({ PATH: '/opt/window:/bin' }), isTrusted: false };
    environment.follow(untrusted);
    assert.equal(environment.current['PATH'], '/opt/start:/bin');

    untrusted.isTrusted = true;
    environment.follow(untrusted);
    assert.equal(environment.current['PATH'], '/opt/window:/bin');
  });

  it('stays that of the last window when settings of an earlier one change', () => {
    const environment = open();
    const earlier = client({ PATH: '/opt/earlier:/bin' });
    environment.follow(earlier);
    environment.follow(client({ PATH: '/opt/last:/bin' }));
    environment.follow(earlier);
    assert.equal(environment.current['PATH'], '/opt/last:/bin');
  });

  it('takes names in any case for one on Windows', () => {
    const environment = open({ Path: 'C:\\start' }, 'win32');
    environment.follow(client({ PATH: 'C:\\window' }));
    assert.deepEqual(environment.current, { PATH: 'C:\\window', REVEILLE_STATE_HOME: '/state' });
  });

  it('has the PATH of the login shell where a desktop started the editor without one', async () => {
    const shell = join(temporary.path, 'shell');
    writeFileSync(shell, '#!/bin/sh\nexport PATH="/opt/login:$PATH"; eval "$4"\n');
    chmodSync(shell, 0o755);
    const environment = open();
    environment.follow(client({ PATH: '/usr/bin:/bin', SHELL: shell }));
    await environment.whenReady();
    assert.equal(environment.current['PATH'], '/opt/login:/usr/bin:/bin');

    environment.follow(client({ PATH: '/opt/real:/bin', SHELL: shell }));
    assert.equal(environment.current['PATH'], '/opt/real:/bin');
  });

  it('reaches the runs that start from then on', async () => {
    const bin = join(temporary.path, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'only-in-window'), '#!/bin/sh\necho "$LC_ALL $SSH_AUTH_SOCK"\n');
    chmodSync(join(bin, 'only-in-window'), 0o755);
    const configuration = 'agents: { worker: { adapter: process, command: only-in-window } }\n';
    await using runtime = await TestRuntime.open({ configuration });
    assert.equal((await runtime.settled(await runtime.wake('worker'))).errorCode, 'command_not_found');

    const environment = { PATH: `${bin}:/usr/bin:/bin`, LC_ALL: 'C', SSH_AUTH_SOCK: '/agent' };
    const window = runtime.connect({ kind: 'window', isTrusted: true, environment });
    await window.request('runtime.status', {});

    const runId = await runtime.wake('worker');
    assert.equal((await runtime.settled(runId)).status, 'succeeded');
    assert.equal(await runtime.readLog(runId), 'C /agent\n');
    window.dispose();
  });

  it('does not let the folder say which program a name stands for, whatever the PATH of the user', async () => {
    const configuration = 'agents: { worker: { adapter: process, command: claude } }\n';
    await using runtime = await TestRuntime.open({ configuration });
    const planted = join(runtime.folder.path, 'node_modules', '.bin');
    mkdirSync(planted, { recursive: true });
    writeFileSync(join(planted, 'claude'), '#!/bin/sh\necho planted\n');
    chmodSync(join(planted, 'claude'), 0o755);
    const environment = { PATH: ':.:node_modules/.bin:/usr/bin:/bin:' };
    const window = runtime.connect({ kind: 'window', isTrusted: true, environment });
    await window.request('runtime.status', {});

    assert.equal((await runtime.settled(await runtime.wake('worker'))).errorCode, 'command_not_found');
    window.dispose();
  });
});
