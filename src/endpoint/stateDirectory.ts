import { posix, win32 } from 'node:path';

/** What the place of the registry depends on; handed in so that every platform can be tested on each. */
export interface HostEnvironment {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
}

/**
 * The directory of the current user that all windows, profiles and products of this machine share:
 * `$XDG_STATE_HOME/reveille`, `~/Library/Application Support/Reveille` or `%LOCALAPPDATA%\Reveille`.
 * `REVEILLE_STATE_HOME` names it outright. Relative values are ignored, as the XDG specification asks.
 */
export function stateDirectory({ platform, env, home }: HostEnvironment): string {
  const path = platform === 'win32' ? win32 : posix;
  const override = absolute(env['REVEILLE_STATE_HOME'], path);
  if (override !== null) return override;
  if (platform === 'win32') {
    return path.join(absolute(env['LOCALAPPDATA'], path) ?? path.join(home, 'AppData', 'Local'), 'Reveille');
  }
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Reveille');
  return path.join(absolute(env['XDG_STATE_HOME'], path) ?? path.join(home, '.local', 'state'), 'reveille');
}

function absolute(value: string | undefined, path: typeof posix): string | null {
  return value !== undefined && path.isAbsolute(value) ? value : null;
}
