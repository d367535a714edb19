import { execa } from 'execa';
import type { ProcessPlan } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { identifyChild, type ProcessIdentity } from '../processIdentity.ts';
import type { Listener } from './conversation.ts';
import { LogFile } from './logFile.ts';
import { PausableTimer } from './pausableTimer.ts';
import {
  toVerdict,
  type CancelCause,
  type EndReason,
  type ProcessExit,
  type ProcessOutcome,
} from './processOutcome.ts';
import type { ProcessTree, ProcessTrees } from './processTree.ts';
import { explainSpawnFailure } from './spawnFailure.ts';

export interface ProcessOptions {
  readonly runId: string;
  /** Absolute path of the run's log, ending in `.log`. */
  readonly logPath: string;
  /** Longest execution in seconds; 0 = no limit. */
  readonly timeoutSec: number;
  /** Seconds between the polite end and the kill of the whole tree. */
  readonly graceSec: number;
  /** Largest log in bytes; see `LogFileOptions`. */
  readonly maxLogBytes?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly trees: ProcessTrees;
  /** Called when the log grew, with its size in bytes; as often as once per write. */
  readonly onDidGrow?: (bytes: number) => void;
  /** Called with all output, besides the log. */
  readonly onOutput?: (chunk: Uint8Array, stream: 'out' | 'err') => void;
}

/** One execution of a program, from its start to the end of its whole tree. */
export interface ProcessRun extends Listener {
  /** The first process; null if nothing was started. */
  readonly identity: ProcessIdentity | null;
  /** Never rejects. Once it resolves, no process of the run is left and its log is closed. */
  readonly settled: Promise<ProcessOutcome>;
  /** Asks for the end, unless something else ended it first. */
  cancel(cause: CancelCause): void;
}

/** What may be left over after a program ended by itself gets at most this long to end, in milliseconds. */
const leftoverGraceMs = 2000;
/** How long output may go on after the tree is gone: it was in the pipe, or a process outside the tree holds that. */
const drainMs = 5000;

/** Starts a program. Synchronous up to the start; everything that goes wrong is an outcome. */
export function startProcess(plan: ProcessPlan, options: ProcessOptions): ProcessRun {
  return new RunningProcess(plan, options);
}

/**
 *     starting ──► running ──► ending ──► draining ──► settled
 *         └───────────────────────────────────────────────▲      (no log, no process)
 *
 * running → ending by the first of: exit, timeout, cancel, log failure; later ones change nothing. Only a log that fails
 *   after a good exit still counts, because the record is then not complete.
 * ending: the tree is asked to end, then killed; after an exit only its leftovers are.
 * draining: what is still in the pipes is read, for a bounded time.
 * A closed output says nothing: a program may close it and go on working.
 */
class RunningProcess implements ProcessRun {
  readonly identity: ProcessIdentity | null;
  readonly settled: Promise<ProcessOutcome>;
  readonly #options: ProcessOptions;
  #reason: EndReason | null = null;
  #announceEnd: () => void = () => undefined;
  #child: Child | null = null;
  #log: LogFile | null = null;
  #timeout: PausableTimer | null = null;

  constructor(plan: ProcessPlan, options: ProcessOptions) {
    this.#options = options;
    let log: LogFile;
    try {
      log = LogFile.open({
        path: options.logPath,
        ...(options.maxLogBytes !== undefined && { maxBytes: options.maxLogBytes }),
        clock: options.clock,
        onDidGrow: (bytes) => options.onDidGrow?.(bytes),
        onDidFail: (error) => {
          this.#endBecause({ kind: 'log', error });
        },
      });
    } catch (error) {
      this.identity = null;
      this.settled = Promise.resolve(toLogFailure(toError(error)));
      return;
    }
    const child = spawn(plan);
    this.#child = child;
    this.#log = log;
    const startedAt = options.clock.now();
    this.identity = child.pid === undefined ? null : identifyChild(child.pid, startedAt);
    this.settled = child.pid === undefined ? settleUnstarted(plan, child, log) : this.#follow(child, log);
  }

  cancel(cause: CancelCause): void {
    this.#endBecause({ kind: 'cancel', cause });
  }

  get isEnding(): boolean {
    return this.#reason !== null;
  }

  write(line: string, onLost?: () => void): boolean {
    const input = this.#child?.stdin;
    if (!input?.writable || this.#reason !== null) return false;
    input.write(line, (error) => {
      if (error) onLost?.();
    });
    return true;
  }

  closeInput(): void {
    this.#child?.stdin?.end();
  }

  holdTimeout(isHeld: boolean): void {
    if (this.#reason !== null) return;
    if (isHeld) this.#timeout?.pause();
    else this.#timeout?.resume();
  }

  note(text: string): void {
    this.#log?.note(text);
  }

  #endBecause(reason: EndReason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#announceEnd();
  }

  /** Not `async`, so that nothing the child does can come before we listen. */
  #follow(child: Child, log: LogFile): Promise<ProcessOutcome> {
    const { clock, runId, timeoutSec, trees } = this.#options;
    const ended = new Promise<void>((resolve) => {
      this.#announceEnd = resolve;
    });
    const exited = new Promise<ProcessExit>((resolve) => {
      child.nodeChildProcess.once('exit', (exitCode, signal) => {
        this.#endBecause({ kind: 'exit' });
        resolve({ exitCode, signal });
      });
    });
    const closed = new Promise<void>((resolve) =>
      child.nodeChildProcess.once('close', () => {
        resolve();
      }),
    );
    log.follow(child.stdout, 'out');
    log.follow(child.stderr, 'err');
    this.#listen(child);
    const tree = trees.watch(runId, this.identity);
    if (timeoutSec > 0) {
      const onTimeout = (): void => {
        this.#endBecause({ kind: 'timeout', timeoutSec });
      };
      this.#timeout = new PausableTimer(clock, onTimeout, timeoutSec * 1000);
    }
    return this.#settle({ child, log, tree, ended, exited, closed });
  }

  #listen(child: Child): void {
    const { onOutput } = this.#options;
    if (onOutput === undefined) return;
    child.stdout.on('data', (chunk: Buffer) => {
      onOutput(chunk, 'out');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      onOutput(chunk, 'err');
    });
  }

  async #settle(parts: RunParts): Promise<ProcessOutcome> {
    const { child } = parts;
    const { clock } = this.#options;
    await parts.ended;
    this.#timeout?.dispose();
    const reason = this.#reason ?? { kind: 'exit' };
    await this.#endTree(parts.tree, reason);
    // By its own handle, which cannot mean another process; needed where the system would not list processes.
    if (child.nodeChildProcess.exitCode === null) child.nodeChildProcess.kill('SIGKILL');
    const exit = (await within(clock, drainMs, parts.exited)) ?? { exitCode: null, signal: null };
    await within(clock, drainMs, parts.closed);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    parts.tree.dispose();
    const { bytes, stdoutExcerpt, stderrExcerpt, error } = await parts.log.close();
    const verdict = toVerdict(reason.kind === 'exit' && error !== null ? { kind: 'log', error } : reason, exit);
    return { ...verdict, ...exit, setback: null, stdoutExcerpt, stderrExcerpt, logBytes: bytes };
  }

  async #endTree(tree: ProcessTree, reason: EndReason): Promise<void> {
    const graceMs = this.#options.graceSec * 1000;
    const { ended, left } = await tree.end(reason.kind === 'exit' ? Math.min(graceMs, leftoverGraceMs) : graceMs);
    const { logger, runId } = this.#options;
    if (reason.kind === 'exit' && ended > 0) logger.info('Ended processes that a run left behind', runId, ended);
    if (left !== 0) logger.warn('Processes of a run could not be ended', runId, left ?? 'unknown');
  }
}

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

/** Everything that a started run owns. */
interface RunParts {
  readonly child: Child;
  readonly log: LogFile;
  readonly tree: ProcessTree;
  /** Something ended it; see `#reason`. */
  readonly ended: Promise<void>;
  readonly exited: Promise<ProcessExit>;
  /** Exited, and both outputs read to their end. */
  readonly closed: Promise<void>;
}

function spawn(plan: ProcessPlan) {
  const stdin = plan.stdin === null ? 'ignore' : 'pipe';
  const { cwd, env, shell } = plan;
  const child = execa(plan.file, plan.args, { ...spawnOptions, stdin, cwd, env: { ...env }, shell });
  // A program need not read what it was told; then writing fails, and that is its own business.
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(plan.stdin ?? '');
  if (plan.keepsInput !== true) child.stdin?.end();
  return child;
}

async function settleUnstarted(plan: ProcessPlan, child: Child, log: LogFile): Promise<ProcessOutcome> {
  const { code, originalMessage } = await child;
  const { bytes } = await log.close();
  const failure = await explainSpawnFailure(plan, code, originalMessage ?? 'unknown reason');
  return { ...nothingRan, ...failure, logBytes: bytes };
}

const nothingRan = {
  status: 'failed',
  exitCode: null,
  signal: null,
  setback: null,
  stdoutExcerpt: '',
  stderrExcerpt: '',
} as const;

function toLogFailure(error: Error): ProcessOutcome {
  return { ...nothingRan, ...toVerdict({ kind: 'log', error }, { exitCode: null, signal: null }), logBytes: 0 };
}

/** The value of a promise that does not reject; undefined once `limitMs` passed. */
function within<T>(clock: Clock, limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => {
      resolve(undefined);
    }, limitMs);
    void promise.then((value) => {
      timer.dispose();
      resolve(value);
    });
  });
}
