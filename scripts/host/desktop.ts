import { accessSync, constants, realpathSync } from 'node:fs';
import path from 'node:path';

/** What decides which VS Code is used; handed in, so that every platform can be tested on one. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Real path of the `code` command, if it is on the PATH. */
  readonly code: string | undefined;
}

export type HostChoice =
  /** A desktop VS Code; without an executable it is downloaded. */
  { readonly kind: 'desktop'; readonly executable: string | undefined } | { readonly kind: 'server' };

function hasDisplay({ platform, env }: Machine): boolean {
  return platform !== 'linux' || Boolean(env.DISPLAY) || Boolean(env.WAYLAND_DISPLAY);
}

/** The program behind the `code` command: the command is a script, the program lies at a known place beside it. */
function desktopExecutable(code: string, platform: NodeJS.Platform): string {
  const posix = path.posix;
  if (platform === 'win32') return path.win32.join(path.win32.dirname(code), '..', 'Code.exe');
  if (platform === 'darwin') return posix.join(posix.dirname(code), '../../../MacOS/Electron');
  return posix.join(posix.dirname(code), '../code');
}

/**
 * Desktop VS Code where there is one and a display; the server host elsewhere. REVEILLE_TEST_DESKTOP=1 asks for a
 * downloaded desktop build, REVEILLE_TEST_DESKTOP=0 for the server host. Windows has no server host.
 */
export function chooseHost(machine: Machine): HostChoice {
  const wish = machine.env.REVEILLE_TEST_DESKTOP;
  if (machine.platform !== 'win32' && (wish === '0' || !hasDisplay(machine))) return { kind: 'server' };
  if (machine.code !== undefined && wish !== '1') {
    return { kind: 'desktop', executable: desktopExecutable(machine.code, machine.platform) };
  }
  return wish === '1' || machine.platform === 'win32' ? { kind: 'desktop', executable: undefined } : { kind: 'server' };
}

/** The machine that this runs on. */
export function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, code: findOnPath('code') };
}

function findOnPath(command: string): string | undefined {
  const file = process.platform === 'win32' ? `${command}.cmd` : command;
  const folders = (process.env.PATH ?? process.env.Path ?? '').split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, file)).find(isExecutable);
  return found === undefined ? undefined : realpathSync(found);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run.
    return false;
  }
}
