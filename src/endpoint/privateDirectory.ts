import { lstatSync, mkdirSync, chmodSync, type Stats } from 'node:fs';
import { UserError } from '../runtime/errors.ts';

/**
 * Makes sure that a directory exists and that nobody else can enter it. One of ours that is too open is closed.
 * @throws UserError of kind `storage` if it belongs to somebody else, is a link, or cannot be made.
 */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const problem = directoryProblem(lstatSync(path), process.platform, process.getuid?.());
    if (problem === 'too_open') chmodSync(path, 0o700);
    else if (problem !== null) throw new UserError('storage', explain(path, problem));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('storage', `Reveille cannot use the folder ${path}. Make it writable for your user.`, {
      cause: error,
    });
  }
}

/**
 * Checks a directory that somebody claims is ours, before anything in it is trusted.
 * @throws UserError of kind `storage` if others own it or can enter it.
 */
export function assertPrivateDirectory(path: string): void {
  const problem = directoryProblem(lstatSync(path), process.platform, process.getuid?.());
  if (problem !== null) throw new UserError('storage', explain(path, problem));
}

export type DirectoryProblem = 'not_a_directory' | 'foreign' | 'too_open';

/** What speaks against trusting a directory; null on Windows, where the user's profile protects its contents. */
export function directoryProblem(
  stats: Pick<Stats, 'isDirectory' | 'uid' | 'mode'>,
  platform: NodeJS.Platform,
  userId: number | undefined,
): DirectoryProblem | null {
  if (!stats.isDirectory()) return 'not_a_directory';
  if (platform === 'win32') return null;
  if (stats.uid !== userId) return 'foreign';
  return (stats.mode & 0o077) === 0 ? null : 'too_open';
}

function explain(path: string, problem: DirectoryProblem): string {
  const reasons: Record<DirectoryProblem, string> = {
    not_a_directory: 'it is not a directory',
    foreign: 'it belongs to another user',
    too_open: 'other users can enter it',
  };
  return `Reveille does not trust ${path}, because ${reasons[problem]}. Remove it or set its owner and mode (0700).`;
}
