import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assertOwnEndpoint, createEndpoint, socketParent } from '../../src/endpoint/endpointPath.ts';
import { directoryProblem } from '../../src/endpoint/privateDirectory.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';

describe('createEndpoint', () => {
  it('makes a name of its own in a place of its own, and removes it', () => {
    const [one, other] = [createEndpoint(), createEndpoint()];
    assert.notEqual(one.path, other.path);
    assertOwnEndpoint(one.path);
    if (process.platform !== 'win32') assert.equal(statSync(dirname(one.path)).mode & 0o777, 0o700);
    for (const endpoint of [one, other, one]) endpoint.dispose();
    assert.equal(existsSync(dirname(one.path)) && process.platform !== 'win32', false);
  });

  it('goes to /tmp where the temporary folder makes paths too long for a socket', () => {
    assert.equal(
      socketParent('/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T'),
      '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T',
    );
    assert.equal(socketParent(`/long/${'x'.repeat(90)}`), '/tmp');
    assert.equal(socketParent(`/long/${'é'.repeat(40)}`), '/tmp');
  });
});

describe('assertOwnEndpoint', () => {
  const folder = useTemporaryFolder();

  it('refuses a socket that others could have put there', function () {
    if (process.platform === 'win32') return;
    const directory = join(folder.path, 'open');
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    assert.throws(() => {
      assertOwnEndpoint(join(directory, 's'));
    }, UserError);
  });
});

describe('directoryProblem', () => {
  const stats = (uid: number, mode: number, isDirectory = true): Parameters<typeof directoryProblem>[0] => ({
    uid,
    mode,
    isDirectory: () => isDirectory,
  });

  it('judges owner, mode and kind by platform', () => {
    assert.equal(directoryProblem(stats(5, 0o40700), 'linux', 5), null);
    assert.equal(directoryProblem(stats(6, 0o40700), 'linux', 5), 'foreign');
    assert.equal(directoryProblem(stats(5, 0o40750), 'darwin', 5), 'too_open');
    assert.equal(directoryProblem(stats(5, 0o40701), 'linux', 5), 'too_open');
    assert.equal(directoryProblem(stats(5, 0o120777, false), 'linux', 5), 'not_a_directory');
    assert.equal(directoryProblem(stats(0, 0o40666), 'win32', undefined), null);
  });
});
