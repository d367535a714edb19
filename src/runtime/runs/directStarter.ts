import { execa } from 'execa';
import type { ProgramPlan } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import { systemErrorCode, toError } from '../errors.ts';
import { identifyChild } from '../processIdentity.ts';
import type { ChildStarter, StartedChild, StartResult } from './childStarter.ts';
import type { ProcessExit } from './processOutcome.ts';

const spawnOptions = {
  buffer: false,
  reject: false,
  // Its children are ended by `ProcessTrees`; when the runtime is killed they live on until its successor ends them.
  cleanup: false,
  extendEnv: false,
  encoding: 'buffer',
  stdout: 'pipe',
  stderr: 'pipe',
  // A process group of its own; on Windows it would open a console window.
  detached: process.platform !== 'win32',
} as const;

type Child = ReturnType<typeof spawn>;

/** Starts programs as children of this process. */
export class DirectStarter implements ChildStarter {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Not `async`, so that nothing the child does can come before we listen. */
  start(plan: ProgramPlan): Promise<StartResult> {
    try {
      const child = spawn(plan);
      if (child.pid === undefined) return explain(child);
      return Promise.resolve({ kind: 'started', child: follow(child, child.pid, this.#clock.now()) });
    } catch (error) {
      // What no system could start, such as an argument with a NUL in it.
      return Promise.resolve({ kind: 'failed', code: systemErrorCode(error), text: toError(error).message });
    }
  }
}

function spawn(plan: ProgramPlan) {
  const stdin = plan.stdin === null ? 'ignore' : 'pipe';
  const { cwd, env, shell } = plan;
  const child = execa(plan.file, plan.args, { ...spawnOptions, stdin, cwd, env: { ...env }, shell });
  // A program need not read what it was told; then writing fails, and that is its own business.
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(plan.stdin ?? '');
  if (plan.kind !== 'duplex') child.stdin?.end();
  return child;
}

async function explain(child: Child): Promise<StartResult> {
  const { code, originalMessage } = await child;
  return { kind: 'failed', code, text: originalMessage ?? 'unknown reason' };
}

function follow(child: Child, pid: number, startedAt: number): StartedChild {
  const { nodeChildProcess, stdin, stdout, stderr } = child;
  const exited = new Promise<ProcessExit>((resolve) => {
    nodeChildProcess.once('exit', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
  const closed = new Promise<void>((resolve) =>
    nodeChildProcess.once('close', () => {
      resolve();
    }),
  );
  return {
    identity: identifyChild(pid, startedAt),
    stdin: stdin ?? null,
    stdout,
    stderr,
    exited,
    closed,
    kill: () => {
      if (nodeChildProcess.exitCode === null) nodeChildProcess.kill('SIGKILL');
    },
    dispose: () => {
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    },
  };
}
