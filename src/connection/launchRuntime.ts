import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { UserError, type UserErrorKind } from '../runtime/errors.ts';

/** How to start a runtime. */
export interface RuntimeProgram {
  /** Absolute path of the runtime's bundle. */
  readonly runtimeEntry: string;
  /** The editor's own executable, or a Node. */
  readonly execPath: string;
  /** The environment to start from; see `runtimeEnvironment`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Further arguments, after `--folder` and `--store`. */
  readonly extraArgs?: readonly string[];
}

/** What became of a runtime that ended before anybody could connect. */
export type LaunchEnd = { readonly kind: 'other_owner' } | { readonly kind: 'failed'; readonly error: UserError };

/** A runtime on its way up. It lives on whatever happens to this process. */
export interface Launch {
  /** Resolves if it ends; never rejects. */
  readonly ended: Promise<LaunchEnd>;
  /** Takes no more interest in it. */
  release(): void;
}

/** Exit code of a runtime that found another one to own the store. */
const otherOwnerExitCode = 3;
const maxStderrBytes = 16 * 1024;

/** Starts a runtime as a process of its own. Its standard error tells why, if it fails to come up. */
export function launchRuntime(program: RuntimeProgram, target: { folder: string; store: string; cwd: string }): Launch {
  const { runtimeEntry, execPath, env, extraArgs = [] } = program;
  const child = spawn(execPath, [runtimeEntry, '--folder', target.folder, '--store', target.store, ...extraArgs], {
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

/** The given environment with the editor told to be Node, and without what belongs to the editor's own processes. */
export function runtimeEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !/^(VSCODE_|ELECTRON_RUN_AS_NODE$)/i.test(name));
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1' };
}

/** The reason in the last line of a runtime's standard error: one line of JSON, or else its plain words. */
export function explainExit(stderr: string, exit: string): UserError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.toReversed()) {
    const reason = parseReason(line);
    if (reason !== null) return reason;
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
    const { kind, message } = JSON.parse(line) as { kind?: unknown; message?: unknown };
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
      else resolve({ kind: 'failed', error: explainExit(readStderr(), signal ?? `code ${String(code)}`) });
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
