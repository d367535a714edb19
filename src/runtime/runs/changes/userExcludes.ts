import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { Git } from './git.ts';

/**
 * What the user ignores in all repositories, as the text of that file; '' if there is none. Only the user's own configuration is
 * asked where it lies, never one of a repository.
 */
export async function readUserExcludes(
  git: Git,
  gitDirectory: string,
  environment: Readonly<Record<string, string>>,
  deadline: number,
): Promise<string> {
  const home = environment['HOME'] ?? environment['USERPROFILE'];
  if (home === undefined) return '';
  const xdg = path.join(environment['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'git');
  let file = path.join(xdg, 'ignore');
  for (const configuration of [path.join(xdg, 'config'), path.join(home, '.gitconfig')]) {
    const args = ['config', '--file', configuration, '--includes', '--type=path', '--get', 'core.excludesFile'];
    const call = { workTree: gitDirectory, gitDirectory, args, deadline, accepted: [0, 1] };
    const answer = await git.run(call).catch(() => null);
    const named = answer?.stdout.toString('utf8').trim() ?? '';
    if (named !== '') file = named;
  }
  return readFile(file, 'utf8').catch(() => '');
}
