import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { candidatesOf, findProgram } from '../../../src/runtime/runs/findProgram.ts';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';

describe('A program', () => {
  for (const [platform, file, env, expected] of [
    ['linux', 'claude', { PATH: '/a:/b' }, ['/a/claude', '/b/claude']],
    ['linux', 'claude', { PATH: 'bin' }, ['/srv/bin/claude']],
    ['linux', 'claude', {}, []],
    ['linux', './tool', { PATH: '/a' }, ['/srv/tool']],
    ['linux', '/opt/tool', { PATH: '/a' }, ['/opt/tool']],
  ] as const) {
    it(`is looked for as ${platform} does: ${file} on ${JSON.stringify(env)}`, () => {
      assert.deepEqual(candidatesOf(file, { platform, env, cwd: '/srv' }), expected);
    });
  }

  it('is looked for with each ending on Windows, whose variables have any case', () => {
    const place = { platform: 'win32', env: { Path: 'C:\\a;C:\\b', PathExt: '.EXE;.CMD' }, cwd: 'C:\\srv' } as const;
    assert.deepEqual(candidatesOf('claude', place), [
      'C:\\a\\claude.EXE',
      'C:\\a\\claude.CMD',
      'C:\\b\\claude.EXE',
      'C:\\b\\claude.CMD',
    ]);
    assert.deepEqual(candidatesOf('bin\\x.cmd', place), ['C:\\srv\\bin\\x.cmd']);
  });

  it('is the first that is a file and may be executed', async () => {
    using folder = makeTemporaryFolder();
    for (const name of ['a', 'b', 'c']) mkdirSync(join(folder.path, name));
    mkdirSync(join(folder.path, 'a', 'tool'));
    writeFileSync(join(folder.path, 'b', 'tool'), '');
    writeFileSync(join(folder.path, 'c', 'tool'), '');
    chmodSync(join(folder.path, 'c', 'tool'), 0o755);
    const env = { PATH: ['a', 'b', 'c'].map((name) => join(folder.path, name)).join(':') };
    const found = await findProgram('tool', { platform: process.platform, env, cwd: '/' });
    assert.equal(found, join(folder.path, 'c', 'tool'));
    assert.equal(await findProgram('toll', { platform: process.platform, env, cwd: '/' }), null);
  });
});
