import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { HttpPlan } from '../adapters/adapter.ts';
import { toError } from '../errors.ts';
import { nothingStarted } from '../governance/ledger.ts';
import { HttpDialogue } from './httpDialogue.ts';
import { answered, type HttpVerdict } from './httpVerdicts.ts';
import { LineFilter } from './lineFilter.ts';
import { LogFile } from './logFile.ts';
import { PausableTimer } from './pausableTimer.ts';
import type { ProcessOptions, ProcessRun } from './processDriver.ts';
import { toVerdict, type CancelCause, type EndReason, type ProcessOutcome } from './processOutcome.ts';
import { stageOutput, type StagedOutput } from './stagedOutput.ts';

/** What a server that was not told to stop by anybody, but left alone, gets to take that in, in milliseconds. */
const partingMs = 5000;
const noExit = { exitCode: null, signal: null } as const;

/** Posts a run to a server. Its log exists when this returns; everything that goes wrong is an outcome. */
export function startRequest(plan: HttpPlan, options: ProcessOptions): ProcessRun {
  return new RunningRequest(plan, options);
}

interface Output {
  readonly input: PassThrough;
  readonly staged: StagedOutput;
}

/**
 *     working ──► ending ──► settled
 *
 * working → settled when the dialogue with the server has ended by itself.
 * working → ending by the first of: timeout, cancel, log failure. The server is told to stop, if it said where, and its last
 *   words are heard for at most graceSec; then the connection is dropped.
 */
class RunningRequest implements ProcessRun {
  readonly started = Promise.resolve(null);
  readonly settled: Promise<ProcessOutcome>;
  readonly #options: ProcessOptions;
  readonly #ending = new AbortController();
  readonly #dropped = new AbortController();
  #reason: EndReason | null = null;
  #isInputClosed = false;
  #log: LogFile | null = null;
  #timeout: PausableTimer | null = null;

  constructor(plan: HttpPlan, options: ProcessOptions) {
    this.#options = options;
    const { logPath, maxLogBytes, clock } = options;
    try {
      this.#log = LogFile.open({
        path: logPath,
        ...(maxLogBytes !== undefined && { maxBytes: maxLogBytes }),
        clock,
        onDidGrow: (bytes) => options.onDidGrow?.(bytes),
        onDidFail: (error) => {
          this.#endBecause({ kind: 'log', error });
        },
      });
    } catch (error) {
      const verdict = toVerdict({ kind: 'log', error: toError(error) }, noExit);
      const nothing = { stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0, ledger: nothingStarted };
      this.settled = Promise.resolve({ ...verdict, ...noExit, ...nothing });
      return;
    }
    this.settled = this.#live(plan, this.#log);
  }

  cancel(cause: CancelCause): void {
    this.#endBecause({ kind: 'cancel', cause });
  }

  get isEnding(): boolean {
    return this.#reason !== null;
  }

  /** Nothing can be told to a server that was asked once: what people answer reaches it with another run. */
  write(): boolean {
    return false;
  }

  /** It has said how the run came out, or that it comes back later: what it still has to say has graceSec. */
  closeInput(): void {
    if (this.#isInputClosed) return;
    this.#isInputClosed = true;
    const timer = this.#options.clock.setTimeout(() => {
      this.#dropped.abort();
    }, this.#options.graceSec * 1000);
    void this.settled.then(() => {
      timer.dispose();
    });
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
    this.#ending.abort();
  }

  async #live(plan: HttpPlan, log: LogFile): Promise<ProcessOutcome> {
    const outputs = { out: this.#open(log, 'out'), err: this.#open(log, 'err') };
    const { timeoutSec, spentMs = 0, clock } = this.#options;
    if (timeoutSec > 0) {
      const onTimeout = (): void => {
        this.#endBecause({ kind: 'timeout', timeoutSec });
      };
      this.#timeout = new PausableTimer(clock, onTimeout, Math.max(0, timeoutSec * 1000 - spentMs));
    }
    const dialogue = new HttpDialogue({
      plan,
      clock,
      dropped: this.#dropped.signal,
      ending: this.#ending.signal,
      say: (bytes, stream) => write(outputs[stream].input, bytes),
      note: (text) => {
        log.note(text);
      },
      redact: this.#options.redact ?? null,
    });
    const verdict = await this.#converse(dialogue);
    this.#timeout?.dispose();
    for (const { input, staged } of [outputs.out, outputs.err]) {
      input.end();
      if (!input.readableEnded) await once(input, 'end');
      await staged.end();
    }
    return this.#conclude(verdict, log);
  }

  async #conclude(verdict: HttpVerdict, log: LogFile): Promise<ProcessOutcome> {
    const reason = this.#reason;
    const { bytes, stdoutExcerpt, stderrExcerpt, error } = await log.close();
    const cause = reason ?? (error === null ? null : ({ kind: 'log', error } as const));
    // Who had said how it came out may be cut off after that.
    const own = this.#isInputClosed ? answered : verdict;
    const judged = cause === null ? own : toVerdict(cause, noExit);
    return { ...judged, ...noExit, stdoutExcerpt, stderrExcerpt, logBytes: bytes };
  }

  /** Resolves when nothing more will be said, in either direction. */
  async #converse(dialogue: HttpDialogue): Promise<HttpVerdict> {
    const work = dialogue.work();
    const isWorking = await Promise.race([work.then(() => false), aborted(this.#ending.signal).then(() => true)]);
    const graceMs = isWorking ? this.#options.graceSec * 1000 : partingMs;
    if (!dialogue.canCallOff) this.#dropped.abort();
    const timer = this.#options.clock.setTimeout(() => {
      this.#dropped.abort();
    }, graceMs);
    if (dialogue.canCallOff && !(await dialogue.callOff())) this.#dropped.abort();
    const verdict = await work;
    timer.dispose();
    return verdict;
  }

  #open(log: LogFile, stream: 'out' | 'err'): Output {
    const { onOutput, redact, isLogged } = this.#options;
    const input = new PassThrough();
    const hear = (chunk: Buffer): void => onOutput?.(chunk, stream);
    const filter = stream === 'out' && isLogged ? new LineFilter(isLogged) : null;
    const staged = stageOutput(input, { redact: redact?.() ?? null, hear: onOutput ? hear : null, filter });
    log.follow(staged.readable, stream);
    return { input, staged };
  }
}

async function write(input: PassThrough, bytes: Buffer): Promise<void> {
  if (bytes.length > 0 && !input.write(bytes)) await once(input, 'drain');
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return signal.aborted ? Promise.resolve() : once(signal, 'abort');
}
