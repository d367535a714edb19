import type { Capabilities } from '../adapters/adapter.ts';
import type { AgentEvent, FailureEvent, ResultEvent } from '../adapters/events.ts';
import { addTurns, addUsage, emptyLedger, type Ledger } from '../governance/ledger.ts';
import type { ProcessOutcome } from './processOutcome.ts';
import type { Setback } from './setback.ts';

/** What a program has said of its run so far, as far as it matters once the run has ended. */
export interface RunReport {
  readonly result: ResultEvent | null;
  /** What it could not go on for, and in what words; a success said later takes it back. */
  readonly setback: { readonly cause: Setback; readonly message: string | null } | null;
  /** What was said of its usage. */
  readonly ledger: Ledger;
  /** Why it could not do its work, and another try would end the same way; what is said later takes its place or takes it back. */
  readonly failure: FailureEvent | null;
}

export const nothingReported: RunReport = { result: null, setback: null, ledger: emptyLedger, failure: null };

/** The report with one more event in it. */
export function addEvent(report: RunReport, event: AgentEvent): RunReport {
  switch (event.kind) {
    case 'result': {
      const heard = { ...report, result: event, ledger: addTurns(report.ledger, event.turns) };
      return event.status === 'succeeded' ? { ...heard, setback: null, failure: null } : heard;
    }
    case 'rateLimit': {
      const cause = { kind: 'rate_limit', limit: event.limit, until: event.until } as const;
      return { ...report, setback: { cause, message: null }, failure: null };
    }
    case 'transientError':
      return { ...report, setback: { cause: { kind: 'transient' }, message: event.message }, failure: null };
    case 'usage':
      return { ...report, ledger: addUsage(report.ledger, event.usage) };
    case 'failure':
      return { ...report, failure: event };
    case 'progress':
    case 'question':
    case 'raw':
    case 'session':
    case 'message':
    case 'thinking':
    case 'toolCall':
    case 'toolResult':
    case 'fileChange':
    case 'notice':
    case 'retrying':
    case 'context':
      return report;
  }
}

/**
 * How a run came out, from how its program ended and what it had said. Success takes both: an exit code of 0 and no report that
 * says otherwise, or for some programs a report that says so. What ended it from outside (time limit, cancel, signal, a log that
 * cannot be written) stands, unless it was given up for what it had said.
 */
export function conclude(
  outcome: ProcessOutcome,
  report: RunReport,
  success: Capabilities['success'] = 'exit',
): ProcessOutcome {
  const whole = { ...outcome, ledger: outcome.ledger ?? report.ledger, hasChanged: report.result?.hasChanged ?? null };
  return hasOwnEnd(outcome) ? { ...whole, ...judge(outcome, report, success) } : whole;
}

/** Its program ended by itself, with an exit code, or was given up; or its server's answer ended, which has none. */
function hasOwnEnd({ status, errorCode, exitCode }: ProcessOutcome): boolean {
  if (errorCode === 'reported_failure' || errorCode === 'no_result') return true;
  if (exitCode === null) return false;
  return status === 'succeeded' || errorCode === 'exit_code' || errorCode === 'temporary_failure';
}

type Judgement = Partial<Pick<ProcessOutcome, 'status' | 'errorCode' | 'message' | 'setback'>>;

function judge(
  { status, errorCode }: ProcessOutcome,
  { result, setback, failure }: RunReport,
  success: Capabilities['success'],
): Judgement {
  if (failure !== null) return { status: 'failed', errorCode: failure.code, message: describeReported(failure) };
  if (setback !== null) return { status: 'failed', ...describeSetback(setback), setback: setback.cause };
  if (errorCode === 'temporary_failure') return {};
  if (result?.status === 'failed') {
    return { status: 'failed', errorCode: 'reported_failure', message: describeFailure(result.message) };
  }
  // Where only a result is a success, one that was said takes back that there was none.
  if (result !== null && errorCode === 'no_result')
    return { status: 'succeeded', errorCode: null, message: result.message };
  if (status !== 'succeeded') return {};
  if (result !== null) return { message: result.message };
  return success === 'exit' ? {} : { status: 'failed', errorCode: 'no_result', message: noResult };
}

const noResult =
  'It ended without saying how its work came out, as it does when it is interrupted. Its log says more; wake the agent to go on.';

const failureTexts: Readonly<Record<FailureEvent['code'], string>> = {
  login_required:
    'It is not logged in. Log in with its own program in a terminal, or set its key as a secret, then wake the agent again.',
  session_lost:
    'The conversation that it was to go on with is not there any more. Wake the agent again to begin a new one.',
  session_broken: 'Its conversation cannot be gone on with. The next run begins a new one; wake the agent again.',
  context_full:
    'Its conversation has grown too long for the model. The next run begins a new one; wake the agent again.',
  turn_limit: 'It used up the model calls that it is allowed. Raise maxTurns of the agent, or wake it again to go on.',
  model_unknown: "Its model is not known or not allowed. Check the agent's model.",
  credit_exhausted: 'The account has no credit left. Add some, then wake the agent again.',
  request_refused: 'The model refused the request. Its transcript says more.',
  permission_missing: 'It was not allowed to go on. Allow what it needs in the tools of the agent.',
};

function describeReported({ code, message }: FailureEvent): string {
  return message === null ? failureTexts[code] : `${failureTexts[code]} It said: ${message}`;
}

function describeFailure(message: string | null): string {
  return message === null
    ? 'It reported that it failed. Its log may say why.'
    : `It reported that it failed: ${message}`;
}

function describeSetback({
  cause,
  message,
}: NonNullable<RunReport['setback']>): Pick<ProcessOutcome, 'errorCode' | 'message'> {
  if (cause.kind === 'transient') {
    const why = message === null ? '' : `: ${message}`;
    return {
      errorCode: 'temporary_failure',
      message: `A fault that passes kept it from its work${why}. Another attempt may succeed.`,
    };
  }
  const until = cause.until === null ? '' : ` until ${new Date(cause.until).toISOString()}`;
  return { errorCode: 'rate_limited', message: `It reached a limit (${cause.limit})${until}. Its log may say more.` };
}
