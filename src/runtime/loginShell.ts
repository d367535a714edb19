import { spawn } from 'node:child_process';
import * as path from 'node:path';
import type { Clock } from './clock.ts';

const systemFolders = new Set(['/usr/bin', '/bin', '/usr/sbin', '/sbin']);
const begin = '<reveille-path>';
const end = '</reveille-path>';
const maxOutputBytes = 1_048_576;

/**
 * True for a PATH that no login shell has had a hand in, as programs get it that a desktop starts (macOS: `/usr/bin:/bin:/usr/sbin:/sbin`):
 * nothing that a person has installed is on it.
 */
export function isBarePath(platform: NodeJS.Platform, searchPath: string | undefined): boolean {
  if (platform === 'win32') return false;
  return (searchPath ?? '').split(':').every((folder) => folder === '' || systemFolders.has(folder));
}

/** How a shell is told to print its PATH once it has read all that it reads for a person who logs in. */
export function loginArguments(shell: string): string[] {
  const command = `echo '${begin}'; printenv PATH; echo '${end}'`;
  // These take `-l` only by itself.
  return /^t?csh$/.test(path.basename(shell)) ? ['-i', '-c', command] : ['-l', '-i', '-c', command];
}

/** The PATH among all that a shell prints while it starts; null if it is not there, or makes no sense. */
export function parseLoginPath(output: string): string | null {
  const from = output.indexOf(begin);
  const to = output.indexOf(end, from);
  if (from === -1 || to === -1) return null;
  const found = output.slice(from + begin.length, to).trim();
  return found.startsWith('/') && !/[\0\n]/.test(found) ? found : null;
}

/**
 * Asks the user's login shell (an absolute path) for its PATH; null if it does not tell within `limitMs`, after which nothing of it is left. It gets
 * no terminal, so that it cannot wait for one. Never rejects.
 */
export function readLoginPath(
  shell: string,
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly clock: Clock;
    readonly limitMs: number;
    /** Gives up at once. */
    readonly signal: AbortSignal;
  },
): Promise<string | null> {
  return new Promise((resolve) => {
    // In a session of its own: a shell that asks for job control must not get at ours.
    const child = spawn(shell, loginArguments(shell), {
      env: options.env,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    const settle = (): void => {
      limit.dispose();
      options.signal.removeEventListener('abort', settle);
      killGroup(child.pid);
      child.stdout.destroy();
      resolve(parseLoginPath(output));
    };
    const limit = options.clock.setTimeout(settle, options.limitMs);
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      if (output.includes(end) || output.length > maxOutputBytes) settle();
    });
    options.signal.addEventListener('abort', settle);
    child.once('error', settle);
    child.once('close', settle);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
