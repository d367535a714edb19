import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { chooseHost, type HostChoice, type Machine } from '../../scripts/host/desktop.ts';

const server: HostChoice = { kind: 'server' };
const download: HostChoice = { kind: 'desktop', executable: undefined };
const desktop = (executable: string): HostChoice => ({ kind: 'desktop', executable });

const linuxCode = '/usr/share/code/bin/code';
const display = { DISPLAY: ':0' };

const rows: readonly [string, Machine, HostChoice][] = [
  ['Linux without a display', { platform: 'linux', env: {}, code: linuxCode }, server],
  [
    'Linux with a display and code',
    { platform: 'linux', env: display, code: linuxCode },
    desktop('/usr/share/code/code'),
  ],
  [
    'Linux under Wayland',
    { platform: 'linux', env: { WAYLAND_DISPLAY: 'w' }, code: linuxCode },
    desktop('/usr/share/code/code'),
  ],
  ['Linux with a display, no code', { platform: 'linux', env: display, code: undefined }, server],
  [
    'a wish for a download',
    { platform: 'linux', env: { ...display, REVEILLE_TEST_DESKTOP: '1' }, code: linuxCode },
    download,
  ],
  [
    'a wish for a download without a display',
    { platform: 'linux', env: { REVEILLE_TEST_DESKTOP: '1' }, code: undefined },
    server,
  ],
  [
    'a wish for the server',
    { platform: 'linux', env: { ...display, REVEILLE_TEST_DESKTOP: '0' }, code: linuxCode },
    server,
  ],
  [
    'macOS with code',
    { platform: 'darwin', env: {}, code: '/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code' },
    desktop('/Applications/Visual Studio Code.app/Contents/MacOS/Electron'),
  ],
  ['macOS without code', { platform: 'darwin', env: {}, code: undefined }, server],
  [
    'Windows with code',
    { platform: 'win32', env: {}, code: 'C:\\VS Code\\bin\\code.cmd' },
    desktop('C:\\VS Code\\Code.exe'),
  ],
  ['Windows without code', { platform: 'win32', env: {}, code: undefined }, download],
  [
    'Windows, which has no server host',
    { platform: 'win32', env: { REVEILLE_TEST_DESKTOP: '0' }, code: undefined },
    download,
  ],
];

describe('which VS Code is used', () => {
  for (const [name, machine, expected] of rows) it(name, () => assert.deepEqual(chooseHost(machine), expected));
});
