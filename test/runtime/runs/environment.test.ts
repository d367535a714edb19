import assert from 'node:assert/strict';
import { toBaseEnvironment, withoutRelativeEntries } from '../../../src/runtime/runs/environment.ts';

describe('the base environment', () => {
  it('keeps the stated names and nothing of the editor or the shell', () => {
    const kept = {
      HOME: '/home/me',
      USER: 'me',
      PATH: '/bin',
      SHELL: '/bin/sh',
      LANG: 'C',
      LC_TIME: 'C',
      LOGNAME: 'me',
      TZ: 'UTC',
      TMPDIR: '/t',
      XDG_CONFIG_HOME: '/c',
      SSH_AUTH_SOCK: '/s',
      https_proxy: 'http://p',
      NO_PROXY: 'localhost',
      NODE_EXTRA_CA_CERTS: '/ca',
      CLAUDE_CONFIG_DIR: '/claude',
      CODEX_HOME: '/codex',
    };
    const left = {
      VSCODE_PID: '1',
      XDG_DATA_HOME_VSCODE_SNAP_ORIG: '/snap',
      ANTHROPIC_API_KEY: 'x',
      OPENAI_API_KEY: 'x',
      ELECTRON_RUN_AS_NODE: '1',
      REVEILLE_RUN_ID: 'outer',
      NODE_OPTIONS: '--inspect',
      AWS_SECRET_ACCESS_KEY: 'x',
      path: '/sneaky',
      SYSTEMROOT: 'not here',
      UNSET: undefined,
    };
    assert.deepEqual(toBaseEnvironment('linux', { ...kept, ...left }), kept);
    assert.deepEqual(toBaseEnvironment('darwin', { ...kept, ...left }), kept);
  });

  it('ignores the case of names on Windows, keeps their spelling, and adds what the system needs', () => {
    const kept = {
      Path: 'C:\\',
      SystemRoot: 'C:\\Windows',
      'ProgramFiles(x86)': 'C:\\P',
      TEMP: 'C:\\T',
      windir: 'C:\\W',
    };
    assert.deepEqual(toBaseEnvironment('win32', { ...kept, vscode_pid: '1', Electron_Run_As_Node: '1' }), kept);
  });
});

describe('a PATH', () => {
  const rows: [platform: NodeJS.Platform, before: string, after: string][] = [
    ['linux', ':/bin::.:./x:node_modules/.bin:../y:/usr/bin:', '/bin:/usr/bin'],
    ['linux', '.', ''],
    ['win32', 'C:\\W;;.;bin;"C:\\P F";\\\\server\\x;..\\y', 'C:\\W;"C:\\P F";\\\\server\\x'],
  ];
  for (const [platform, before, after] of rows) {
    it(`loses what counts from the working directory: ${before} on ${platform}`, () => {
      assert.equal(withoutRelativeEntries(platform, before), after);
    });
  }
});
