import type { Ledger } from '../governance/ledger.ts';
import type { RunErrorCode, SettledStatus } from '../model.ts';
import type { Setback } from './setback.ts';

/** How one execution ended. */
export interface ProcessOutcome {
  readonly status: SettledStatus;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly errorCode: RunErrorCode | null;
  /** What happened and what to do next; for a success what it said itself. */
  readonly message: string | null;
  readonly setback: Setback | null;
  /** The last 4 KiB of each output. */
  readonly stdoutExcerpt: string;
  readonly stderrExcerpt: string;
  readonly logBytes: number;
  /** What was said of its usage, by drivers only that nothing was started; what it is charged is up to `chargeOutcome`. */
  readonly ledger?: Ledger;
  /** See `Settlement`. */
  readonly sessionId?: string | null;
  /** Whether it said that it changed anything; null if it did not say. */
  readonly hasChanged?: boolean | null;
}

export type CancelCause = 'cancelled_by_user' | 'cancelled_by_stop';

/** What ended a run; the first one wins. */
export type EndReason =
  | { readonly kind: 'exit' }
  | { readonly kind: 'timeout'; readonly timeoutSec: number }
  | { readonly kind: 'cancel'; readonly cause: CancelCause }
  /** It told that it can only go on failing. */
  | { readonly kind: 'given_up' }
  | { readonly kind: 'log'; readonly error: Error };

/** How the first process ended; both null if it could not be ended, or nobody can say how it ended. */
export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

type Verdict = Pick<ProcessOutcome, 'status' | 'errorCode' | 'message' | 'setback'>;

/** EX_TEMPFAIL of sysexits.h: "temporary failure; the user is invited to retry". */
const temporaryFailure = 75;

/** Turns the reason and the exit into status, error code and message. */
export function toVerdict(reason: EndReason, exit: ProcessExit): Verdict {
  switch (reason.kind) {
    case 'exit':
      return toExitVerdict(exit);
    case 'timeout':
      return {
        setback: null,
        status: 'timed_out',
        errorCode: 'timeout',
        message: `Stopped after ${String(reason.timeoutSec)} s, its time limit. Raise timeoutSec of the agent if it needs longer.`,
      };
    case 'cancel':
      return { status: 'cancelled', errorCode: reason.cause, message: cancelMessages[reason.cause], setback: null };
    case 'given_up':
      return {
        setback: null,
        status: 'failed',
        errorCode: 'reported_failure',
        message: 'Ended because it could only go on failing. Its log says why.',
      };
    case 'log':
      return {
        setback: null,
        status: 'failed',
        errorCode: 'log_failed',
        message: `Stopped because its log could not be written: ${reason.error.message}. Free space or repair the storage folder, then wake the agent again.`,
      };
  }
}

const cancelMessages: Readonly<Record<CancelCause, string>> = {
  cancelled_by_user: 'Cancelled by the user. Wake the agent to run it again.',
  cancelled_by_stop:
    'Cancelled because everything was stopped. Release the stop or open the folder again, then wake the agent.',
};

function toExitVerdict({ exitCode, signal }: ProcessExit): Verdict {
  if (exitCode === 0) return { status: 'succeeded', errorCode: null, message: null, setback: null };
  if (exitCode === temporaryFailure) {
    return {
      setback: { kind: 'transient' },
      status: 'failed',
      errorCode: 'temporary_failure',
      message: 'Ended with exit code 75, by which a program says that it could not do it just now. Its log says why.',
    };
  }
  if (exitCode !== null) {
    return {
      setback: null,
      status: 'failed',
      errorCode: 'exit_code',
      message: `Ended with exit code ${String(exitCode)}. Its log says why.`,
    };
  }
  if (signal === null) {
    return {
      status: 'failed',
      errorCode: 'exit_unknown',
      setback: null,
      message:
        "Ended, but how is unknown: Reveille's spawner, the process that starts programs, was killed meanwhile. Its log is complete; look there whether the work was done, then wake the agent again if need be.",
    };
  }
  return {
    setback: null,
    status: 'failed',
    errorCode: 'signal',
    message: `Ended by ${signal}, which Reveille did not send: a crash, another program, or the system short of memory. Its log may say more.`,
  };
}
