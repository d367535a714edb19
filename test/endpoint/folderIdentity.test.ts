import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderKey, identifyFolder, normalizePath } from '../../src/endpoint/folderIdentity.ts';
import { UserError } from '../../src/runtime/errors.ts';
import { useTemporaryFolder } from '../support/eachTemporaryFolder.ts';

describe('normalizePath', () => {
  const table: [NodeJS.Platform, string, string][] = [
    ['win32', 'c:\\srv\\app', 'C:\\srv\\app'],
    ['win32', 'C:/srv/app/', 'C:\\srv\\app'],
    ['win32', 'c:', 'C:\\'],
    ['win32', 'C:\\', 'C:\\'],
    ['win32', '\\\\?\\C:\\srv', 'C:\\srv'],
    ['win32', '\\\\?\\UNC\\server\\share\\x', '\\\\server\\share\\x'],
    ['win32', '//server/share/x', '\\\\server\\share\\x'],
    ['linux', '/srv/app/', '/srv/app'],
    ['linux', '/', '/'],
    ['linux', '/we\\ird', '/we\\ird'],
  ];
  for (const [platform, path, expected] of table) {
    it(`spells ${path} on ${platform} as ${expected}`, () => {
      assert.equal(normalizePath(path, platform), expected);
    });
  }
});

describe('folderKey', () => {
  it('ignores case of drives, shares and those parts where the file system does', () => {
    assert.equal(folderKey('C:\\Srv\\App', 'win32', [true, true]), folderKey('c:\\srv\\APP', 'win32', [true, true]));
    assert.equal(
      folderKey('\\\\Server\\Share\\App', 'win32', [true]),
      folderKey('\\\\server\\share\\app', 'win32', [true]),
    );
    assert.notEqual(folderKey('/Srv/App', 'linux', [false, true]), folderKey('/srv/app', 'linux', [false, true]));
    assert.equal(folderKey('/srv/App', 'linux', [false, true]), folderKey('/srv/app', 'linux', [false, true]));
  });

  it('takes both spellings of an accent for one on macOS only', () => {
    const [composed, decomposed] = ['/caf\u00e9', '/cafe\u0301'];
    assert.equal(folderKey(composed, 'darwin', []), folderKey(decomposed, 'darwin', []));
    assert.notEqual(folderKey(composed, 'linux', []), folderKey(decomposed, 'linux', []));
  });
});

describe('identifyFolder', () => {
  const folder = useTemporaryFolder();

  it('finds one identity through links, dots and separators at the end', async () => {
    const real = join(folder.path, 'real');
    mkdirSync(real);
    symlinkSync(real, join(folder.path, 'link'), 'junction');
    const expected = await identifyFolder(real);
    assert.match(expected.id, /^[0-9a-f]{32}$/);
    for (const path of [join(folder.path, 'link'), `${real}/`, join(real, '..', 'real')]) {
      assert.deepEqual(await identifyFolder(path), expected);
    }
  });

  it('tells folders apart whose names differ in case where both exist', async function () {
    const [lower, upper] = [join(folder.path, 'app'), join(folder.path, 'APP')];
    mkdirSync(lower);
    try {
      mkdirSync(upper);
    } catch {
      // The file system ignores case: then both names are one folder.
      assert.equal((await identifyFolder(lower)).id, (await identifyFolder(upper)).id);
      return;
    }
    assert.notEqual((await identifyFolder(lower)).id, (await identifyFolder(upper)).id);
  });

  it('says so when there is no such folder', async () => {
    writeFileSync(join(folder.path, 'file'), '');
    const isNotFound = (error: unknown): boolean => error instanceof UserError && error.kind === 'not_found';
    await assert.rejects(identifyFolder(join(folder.path, 'missing')), isNotFound);
    await assert.rejects(identifyFolder(join(folder.path, 'file')), isNotFound);
  });
});
