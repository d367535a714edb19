import assert from 'node:assert/strict';
import { stateDirectory } from '../../src/endpoint/stateDirectory.ts';

describe('stateDirectory', () => {
  const table: [string, NodeJS.Platform, Record<string, string>, string, string][] = [
    ['Linux without settings', 'linux', {}, '/home/a', '/home/a/.local/state/reveille'],
    ['Linux with a state home', 'linux', { XDG_STATE_HOME: '/s' }, '/home/a', '/s/reveille'],
    ['a relative state home', 'linux', { XDG_STATE_HOME: 's' }, '/home/a', '/home/a/.local/state/reveille'],
    ['an empty state home', 'linux', { XDG_STATE_HOME: '' }, '/home/a', '/home/a/.local/state/reveille'],
    ['an override', 'linux', { XDG_STATE_HOME: '/s', REVEILLE_STATE_HOME: '/mine' }, '/home/a', '/mine'],
    ['macOS', 'darwin', { XDG_STATE_HOME: '/s' }, '/Users/a', '/Users/a/Library/Application Support/Reveille'],
    ['Windows', 'win32', { LOCALAPPDATA: 'C:\\U\\a\\Local' }, 'C:\\U\\a', 'C:\\U\\a\\Local\\Reveille'],
    ['Windows without LOCALAPPDATA', 'win32', {}, 'C:\\U\\a', 'C:\\U\\a\\AppData\\Local\\Reveille'],
    ['an override on Windows', 'win32', { REVEILLE_STATE_HOME: 'D:\\r' }, 'C:\\U\\a', 'D:\\r'],
  ];
  for (const [name, platform, env, home, expected] of table) {
    it(`knows its place for ${name}`, () => {
      assert.equal(stateDirectory({ platform, env, home }), expected);
    });
  }
});
