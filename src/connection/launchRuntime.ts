import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Build } from '../endpoint/build.ts';
import { UserError, type UserErrorKind } from '../runtime/errors.ts';
import { keepPrivateBundle } from './privateBundle.ts';

/** How to start a runtime. */
export interface RuntimeProgram {
  /** Absolute path of the runtime's bundle. */
  readonly runtimeEntry: string;
  /** The editor's own executable, or a Node. */
  readonly execPath: string;
  /** The environment to start from; see `runtimeEnvironment`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True: the entry is a bundle; it is copied into the store and run from there, so that an update cannot take it away. */
  readonly isBundled?: boolean;
  /** Further arguments, after `--folder` and `--store`. */
  readonly extraArgs?: readonly string[];
}

/** The state of the folder cannot be read whole; nothing was changed. Only a person may decide to go on without the rest. */
export class DamagedFolderError extends UserError {
  /** Names the state to go on with, to a runtime that is started with `--continue-after`. */
  readonly continueAfter: number;

  constructor(message: string, continueAfter: number) {
    super('damaged', message);
    this.continueAfter = continueAfter;
  }
}

/** What became of a runtime that ended before anybody could connect. */
export type LaunchEnd =
  | { readonly kind: 'other_owner' }
  /** `interrupted`: killed, or asked to leave; that says nothing of whether the next one would come up. */
  | { readonly kind: 'failed' | 'interrupted'; readonly error: UserError };

/** A runtime on its way up. It lives on whatever happens to this process. */
export interface Launch {
  /** Resolves if it ends; never rejects. */
  readonly ended: Promise<LaunchEnd>;
  /** Takes no more interest in it. */
  release(): void;
}

/** Exit code of a runtime that found another one to own the store. */
const otherOwnerExitCode = 3;
/** Major version; esbuild's target, and what the oldest supported editor brings. */
const oldestNode = 22;
const maxStderrBytes = 16 * 1024;

/** Starts a runtime as a process of its own. Its standard error tells why, if it fails to come up. */
export function launchRuntime(
  program: RuntimeProgram & { readonly build: Build },
  target: { folder: string; store: string; cwd: string },
): Launch {
  const { execPath, env, extraArgs = [] } = program;
  const args = [...entryArguments(program, target.store), '--folder', target.folder, '--store', target.store];
  const child = spawn(execPath, [...args, ...extraArgs], {
    cwd: target.cwd,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: runtimeEnvironment(env),
    windowsHide: true,
  });
  child.unref();
  return {
    ended: waitForEnd(child, execPath),
    release: () => {
      child.stderr.destroy();
    },
  };
}

function entryArguments(
  { runtimeEntry, isBundled, build }: RuntimeProgram & { readonly build: Build },
  store: string,
): string[] {
  if (isBundled !== true) return [runtimeEntry];
  const installation = dirname(runtimeEntry);
  return [join(keepPrivateBundle(store, installation, build), basename(runtimeEntry)), '--installation', installation];
}

/** Has glibc give freed memory back, because a spawn gets slower with the size of the process; agents do not inherit it. */
function smallHeap(platform: NodeJS.Platform): Record<string, string> {
  return platform === 'linux' ? { MALLOC_TRIM_THRESHOLD_: '131072' } : {};
}

/**
 * The given environment with the editor told to be Node, without what belongs to the editor's own processes, and without
 * what would make the runtime a part of the run of an agent that it is started from.
 */
export function runtimeEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const foreign = /^(VSCODE_|ELECTRON_RUN_AS_NODE$|REVEILLE_(?!STATE_HOME$))/i;
  const kept = Object.entries(env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), ...smallHeap(process.platform), ELECTRON_RUN_AS_NODE: '1' };
}

/** The reason in the last line of a runtime's standard error: one line of JSON, or else its plain words. */
export function explainExit(stderr: string, exit: string): UserError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.toReversed()) {
    const reason = parseReason(line);
    if (reason !== null) return reason;
  }
  const [, version, major] = /^Node\.js (v(\d+)\.\S+)$/m.exec(stderr) ?? [];
  if (version !== undefined && Number(major) < oldestNode) {
    const message = `The Reveille runtime needs Node ${String(oldestNode)} or newer, and was started with ${version}. Start the command with a newer Node, or name one in the setting reveille.runtimeExecutable.`;
    return new UserError('configuration', message);
  }
  const words = lines.slice(-5).join('\n').slice(-500);
  return new UserError(
    'unreachable',
    `The Reveille runtime could not start (${exit}).${words === '' ? '' : ` It said: ${words}`}`,
  );
}

function parseReason(line: string): UserError | null {
  if (!line.startsWith('{')) return null;
  try {
    const { kind, message, continueAfter } = JSON.parse(line) as Record<string, unknown>;
    if (kind === 'damaged' && typeof message === 'string' && typeof continueAfter === 'number') {
      return new DamagedFolderError(message, continueAfter);
    }
    return typeof kind === 'string' && typeof message === 'string'
      ? new UserError(kind as UserErrorKind, message)
      : null;
  } catch {
    // Not the one line of JSON, but other words.
    return null;
  }
}

function waitForEnd(child: ChildProcess, execPath: string): Promise<LaunchEnd> {
  const readStderr = child.stderr === null ? () => '' : collect(child.stderr);
  return new Promise((resolve) => {
    child.once('error', (cause) => {
      const message = `Reveille could not start ${execPath}. Check the setting reveille.runtimeExecutable.`;
      resolve({ kind: 'failed', error: new UserError('configuration', message, { cause }) });
    });
    // `close` comes after the last of standard error.
    child.once('close', (code, signal) => {
      if (code === otherOwnerExitCode) resolve({ kind: 'other_owner' });
      else {
        const error = explainExit(readStderr(), signal ?? `code ${String(code)}`);
        resolve({ kind: signal === null && code !== 0 ? 'failed' : 'interrupted', error });
      }
    });
  });
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => {
    text = (text + piece).slice(-maxStderrBytes);
  });
  stream.on('error', () => undefined);
  // A pipe is a socket underneath; it must not keep this process alive.
  if (stream instanceof Socket) stream.unref();
  return () => text;
}
