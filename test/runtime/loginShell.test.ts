import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/runtime/clock.ts';
import { isBarePath, loginArguments, parseLoginPath, readLoginPath } from '../../src/runtime/loginShell.ts';
import { isAlive, identifyProcess } from '../../src/runtime/processIdentity.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';
import { poll } from '../support/poll.ts';

describe('a PATH', () => {
  const rows: readonly (readonly [NodeJS.Platform, string | undefined, boolean])[] = [
    ['darwin', '/usr/bin:/bin:/usr/sbin:/sbin', true],
    ['darwin', '/opt/homebrew/bin:/usr/bin:/bin:/usr/sbin:/sbin', false],
    ['linux', '/usr/bin:/bin', true],
    ['linux', '', true],
    ['linux', undefined, true],
    ['linux', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', false],
    ['win32', undefined, false],
  ];
  for (const [platform, searchPath, isBare] of rows) {
    it(`${String(searchPath)} on ${platform} is ${isBare ? 'bare' : "a login shell's"}`, () => {
      assert.equal(isBarePath(platform, searchPath), isBare);
    });
  }
});

describe('the login shell', function () {
  this.timeout(20_000);
  const temporary = useTemporaryFolder();
  const env = { PATH: '/usr/bin:/bin', HOME: '/nowhere' };

  /** A shell that does as the test says before it does as it is told. */
  function makeShell(body: string): string {
    const file = join(temporary.path, 'shell');
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const ask = (shell: string, limitMs = 10_000, signal = new AbortController().signal): Promise<string | null> =>
    readLoginPath(shell, { env, clock: systemClock, limitMs, signal });

  it('is asked as one that a person logs in with, and its PATH is found among what else it prints', async () => {
    const shell = makeShell('echo "Welcome, $1 $2 $3"; export PATH="/opt/mine:$PATH"; eval "$4"; echo bye');
    assert.equal(await ask(shell), '/opt/mine:/usr/bin:/bin');
    assert.deepEqual(loginArguments('/bin/zsh').slice(0, 3), ['-l', '-i', '-c']);
    assert.deepEqual(loginArguments('/bin/tcsh').slice(0, 2), ['-i', '-c']);
  });

  it('is a real one too', async () => {
    assert.match((await ask('/bin/bash')) ?? '', /(^|:)\/usr\/bin(:|$)/);
  });

  it('is given up, with all that it started, when it takes too long', async () => {
    const pids = join(temporary.path, 'pids');
    const shell = makeShell(`sleep 60 & echo $! > ${pids}; wait`);
    const began = performance.now();
    assert.equal(await ask(shell, 500), null);
    assert.ok(performance.now() - began < 5000);
    const left = identifyProcess(Number(readFileSync(pids, 'utf8')));
    await poll(() => Promise.resolve(left === null || !isAlive(left)), 'nothing is left of the shell');
  });

  it('is given up at once by whoever needs it no more', async () => {
    const leaving = new AbortController();
    const asked = ask(makeShell('sleep 60'), 60_000, leaving.signal);
    leaving.abort();
    assert.equal(await asked, null);
  });

  it('answers nothing where there is none, or where it makes no sense', async () => {
    assert.equal(await ask(join(temporary.path, 'missing')), null);
    assert.equal(parseLoginPath('<reveille-path>\n/a:/b\n</reveille-path>'), '/a:/b');
    assert.equal(parseLoginPath('<reveille-path>\nnot found\n</reveille-path>'), null);
    assert.equal(parseLoginPath('<reveille-path>\n/a\n/b\n</reveille-path>'), null);
    assert.equal(parseLoginPath('/a:/b'), null);
  });
});
