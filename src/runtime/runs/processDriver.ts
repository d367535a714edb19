import type { ProgramPlan } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import { nothingStarted } from '../governance/ledger.ts';
import type { Logger } from '../log.ts';
import type { ProcessIdentity } from '../processIdentity.ts';
import type { ChildStarter, StartedChild, StartResult } from './childStarter.ts';
import type { Listener } from './conversation.ts';
import { LineFilter } from './lineFilter.ts';
import { LogFile } from './logFile.ts';
import type { OutputStage } from './outputStage.ts';
import { PausableTimer } from './pausableTimer.ts';
import { toVerdict, type CancelCause, type EndReason, type ProcessOutcome } from './processOutcome.ts';
import type { ProcessTree, ProcessTrees } from './processTree.ts';
import { explainSpawnFailure } from './spawnFailure.ts';
import { stageOutput, type OutputStages, type StagedOutput } from './stagedOutput.ts';
import { within } from './within.ts';

export interface ProcessOptions {
  readonly runId: string;
  /** Absolute path of the run's log, ending in `.log`. */
  readonly logPath: string;
  /** Longest execution in seconds; 0 = no limit. */
  readonly timeoutSec: number;
  /** How much of it an earlier execution of the same run has used, in milliseconds. Default: 0. */
  readonly spentMs?: number;
  /** Seconds between the polite end and the kill of the whole tree. */
  readonly graceSec: number;
  /** Largest log in bytes; see `LogFileOptions`. */
  readonly maxLogBytes?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly trees: ProcessTrees;
  readonly starter: ChildStarter;
  /** Called when the log grew, with its size in bytes; as often as once per write. */
  readonly onDidGrow?: (bytes: number) => void;
  /** Changes all that a program puts out, before anybody sees it; one for each output. */
  readonly redact?: () => OutputStage;
  /** Called with all output, besides the log. */
  readonly onOutput?: (chunk: Uint8Array, stream: 'out' | 'err') => void;
  /** Whether a line of standard output belongs in the log, told by its first bytes; without it all do. */
  readonly isLogged?: (lineStart: Uint8Array) => boolean;
}

/** One execution of a program, from its start to the end of its whole tree. */
export interface ProcessRun extends Listener {
  /** The first process once it was started; null if nothing was, or the system would not say. Never rejects. */
  readonly started: Promise<ProcessIdentity | null>;
  /** Never rejects. Once it resolves, no process of the run is left and its log is closed. */
  readonly settled: Promise<ProcessOutcome>;
  /** Asks for the end, unless something else ended it first. */
  cancel(cause: CancelCause): void;
}

interface Outputs {
  readonly out: StagedOutput;
  readonly err: StagedOutput;
}

interface Ending {
  readonly child: StartedChild;
  readonly log: LogFile;
  readonly tree: ProcessTree;
  readonly outputs: Outputs;
}

/** What may be left over after a program ended by itself gets at most this long to end, in milliseconds. */
const leftoverGraceMs = 2000;
/** How long output may go on after the tree is gone: it was in the pipe, or a process outside the tree holds that. */
const drainMs = 5000;

/** Starts a program. Its log exists when this returns; everything that goes wrong is an outcome. */
export function startProcess(plan: ProgramPlan, options: ProcessOptions): ProcessRun {
  return new RunningProcess(plan, options);
}

/**
 *     starting ──► running ──► ending ──► draining ──► settled
 *         └───────────────────────────────────────────────▲      (no log, no process)
 *
 * running → ending by the first of: exit, timeout, cancel, giving up, log failure; later ones change nothing. Only a log that fails
 *   after a good exit still counts, because the record is then not complete.
 * ending: the tree is asked to end, then killed; after an exit only its leftovers are.
 * draining: what is still in the pipes is read, for a bounded time.
 * A closed output says nothing: a program may close it and go on working.
 */
class RunningProcess implements ProcessRun {
  readonly started: Promise<ProcessIdentity | null>;
  readonly settled: Promise<ProcessOutcome>;
  readonly #options: ProcessOptions;
  #reason: EndReason | null = null;
  readonly #ended = Promise.withResolvers<undefined>();
  #child: StartedChild | null = null;
  #log: LogFile | null = null;
  #timeout: PausableTimer | null = null;

  constructor(plan: ProgramPlan, options: ProcessOptions) {
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
      this.started = Promise.resolve(null);
      this.settled = Promise.resolve(toLogFailure(toError(error)));
      return;
    }
    this.#log = log;
    const starting = options.starter.start(plan);
    this.started = starting.then((result) => (result.kind === 'started' ? result.child.identity : null));
    this.settled = starting.then((result) =>
      result.kind === 'started' ? this.#follow(result.child, log) : settleUnstarted(plan, result, log),
    );
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

  giveUp(): void {
    this.#endBecause({ kind: 'given_up' });
  }

  #endBecause(reason: EndReason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#ended.resolve(undefined);
  }

  async #follow(child: StartedChild, log: LogFile): Promise<ProcessOutcome> {
    const { clock, runId, timeoutSec, spentMs = 0, trees } = this.#options;
    this.#child = child;
    const outputs = this.#stage(child);
    log.follow(outputs.out.readable, 'out');
    log.follow(outputs.err.readable, 'err');
    const tree = trees.watch(runId, child.identity);
    void child.exited.then(() => {
      this.#endBecause({ kind: 'exit' });
    });
    if (timeoutSec > 0) {
      const onTimeout = (): void => {
        this.#endBecause({ kind: 'timeout', timeoutSec });
      };
      this.#timeout = new PausableTimer(clock, onTimeout, Math.max(0, timeoutSec * 1000 - spentMs));
    }
    await this.#ended.promise;
    this.#timeout?.dispose();
    return this.#settle({ child, log, tree, outputs });
  }

  #stage({ stdout, stderr }: StartedChild): Outputs {
    const { onOutput, redact, isLogged } = this.#options;
    const stages = (stream: 'out' | 'err', filter: OutputStage | null): OutputStages => {
      const hear = (chunk: Buffer): void => onOutput?.(chunk, stream);
      return { redact: redact?.() ?? null, hear: onOutput ? hear : null, filter };
    };
    const filter = isLogged ? new LineFilter(isLogged) : null;
    return { out: stageOutput(stdout, stages('out', filter)), err: stageOutput(stderr, stages('err', null)) };
  }

  async #settle({ child, log, tree, outputs }: Ending): Promise<ProcessOutcome> {
    const { clock } = this.#options;
    const reason = this.#reason ?? { kind: 'exit' };
    await this.#endTree(tree, reason);
    // Needed where the system would not list processes.
    child.kill();
    const exit = (await within(clock, drainMs, child.exited)) ?? { exitCode: null, signal: null };
    await within(clock, drainMs, child.closed);
    await within(clock, drainMs, Promise.all([outputs.out.end(), outputs.err.end()]));
    child.dispose();
    tree.dispose();
    const { bytes, stdoutExcerpt, stderrExcerpt, error } = await log.close();
    const verdict = toVerdict(reason.kind === 'exit' && error !== null ? { kind: 'log', error } : reason, exit);
    return { ...verdict, ...exit, stdoutExcerpt, stderrExcerpt, logBytes: bytes };
  }

  async #endTree(tree: ProcessTree, reason: EndReason): Promise<void> {
    const graceMs = this.#options.graceSec * 1000;
    const { ended, left } = await tree.end(reason.kind === 'exit' ? Math.min(graceMs, leftoverGraceMs) : graceMs);
    const { logger, runId } = this.#options;
    if (reason.kind === 'exit' && ended > 0) logger.info('Ended processes that a run left behind', runId, ended);
    if (left !== 0) logger.warn('Processes of a run could not be ended', runId, left ?? 'unknown');
  }
}

async function settleUnstarted(
  plan: ProgramPlan,
  { code, text }: Extract<StartResult, { kind: 'failed' }>,
  log: LogFile,
): Promise<ProcessOutcome> {
  const { bytes } = await log.close();
  const failure = await explainSpawnFailure(plan, code, text);
  return { ...nothingRan, ...failure, logBytes: bytes };
}

const noOutput = { stdoutExcerpt: '', stderrExcerpt: '', ledger: nothingStarted };
const nothingRan = { status: 'failed', exitCode: null, signal: null, ...noOutput } as const;

function toLogFailure(error: Error): ProcessOutcome {
  return { ...nothingRan, ...toVerdict({ kind: 'log', error }, { exitCode: null, signal: null }), logBytes: 0 };
}
