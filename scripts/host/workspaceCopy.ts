import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../testing/command.ts';

const author = ['-c', 'user.name=Workshop', '-c', 'user.email=workshop@example.invalid', '-c', 'commit.gpgsign=false'];

/**
 * A copy of the example in a temporary folder, with a git repository and a first commit of its own where git is
 * installed. The caller removes `path.dirname(result)`.
 */
export function copyWorkshop(): string {
  const parent = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'reveille-workshop-')));
  const workspace = path.join(parent, 'workshop');
  cpSync(path.join(root, 'examples/workshop'), workspace, { recursive: true });
  const git = (...args: string[]) => spawnSync('git', [...author, ...args], { cwd: workspace, stdio: 'ignore' });
  git('init', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--message', 'A small task list');
  return workspace;
}
