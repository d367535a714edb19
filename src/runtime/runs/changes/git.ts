import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import * as path from 'node:path';
import type { Clock } from '../../clock.ts';

/** Beyond its time; the process was ended. */
export class GitTimeout extends Error {}

export interface GitCall {
  /** A real path. */
  readonly workTree: string;
  /** A git directory of our own. */
  readonly gitDirectory: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `clock.monotonic()` at which the process is ended. */
  readonly deadline: number;
  /** Bytes of output at most. */
  readonly maxBytes?: number;
  /** Exit codes that are an answer; default 0. */
  readonly accepted?: readonly number[];
}

export interface GitAnswer {
  readonly stdout: Buffer;
  readonly exitCode: number;
}

const defaultMaxBytes = 64 * 1024 * 1024;
const stderrCharacters = 2000;

/** Runs git on directories of our own: never with the configuration, the hooks or the index of a repository of the user. */
export class Git {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(file: string, clock: Clock, base: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#clock = clock;
    this.#environment = toGitEnvironment(base);
  }

  /** @throws GitTimeout; Error with what git said */
  run(call: GitCall): Promise<GitAnswer> {
    const { workTree, gitDirectory, args, input, deadline, maxBytes = defaultMaxBytes, accepted = [0] } = call;
    const remaining = deadline - this.#clock.monotonic();
    if (remaining <= 0) return Promise.reject(new GitTimeout('The time for git is over.'));
    return new Promise((resolve, reject) => {
      const child = spawn(this.#file, ['-c', 'core.bare=false', ...args], {
        cwd: workTree,
        env: { ...this.#environment, GIT_DIR: gitDirectory, GIT_WORK_TREE: workTree, ...call.env },
        windowsHide: true,
      });
      let failure: Error | null = null;
      const end = (error: Error): void => {
        failure ??= error;
        child.kill('SIGKILL');
      };
      const timer = this.#clock.setTimeout(() => {
        end(new GitTimeout('git took too long.'));
      }, remaining);
      const output: Buffer[] = [];
      let bytes = 0;
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) end(new Error('git answered too much.'));
        else output.push(chunk);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(0, stderrCharacters);
      });
      // It may end without having read everything.
      child.stdin.on('error', () => undefined);
      child.on('error', end);
      child.on('close', (exitCode) => {
        timer.dispose();
        if (failure === null && exitCode !== null && accepted.includes(exitCode)) {
          resolve({ stdout: Buffer.concat(output), exitCode });
        } else {
          reject(failure ?? new Error(`git ${args[0] ?? ''} ended with ${String(exitCode)}: ${said}`));
        }
      });
      child.stdin.end(input ?? '');
    });
  }
}

/**
 * The absolute path of git, or null. Only absolute folders of PATH count: a relative one, or the working directory that Windows
 * searches first, would let a repository bring a git of its own.
 */
export async function findGit(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string>>,
): Promise<string | null> {
  const names = platform === 'win32' ? path.win32 : path.posix;
  const [, searched = ''] = Object.entries(environment).find(([name]) => name.toUpperCase() === 'PATH') ?? [];
  for (const folder of searched.split(names.delimiter)) {
    if (!names.isAbsolute(folder)) continue;
    const file = names.join(folder, platform === 'win32' ? 'git.exe' : 'git');
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return null;
}

/** What git gets to see: nothing that leads it to a configuration, a prompt, another repository or the network. */
function toGitEnvironment(base: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(base).filter(([name]) => !name.toUpperCase().startsWith('GIT_'));
  return {
    ...Object.fromEntries(own),
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: process.platform === 'win32' ? 'NUL' : '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
}
