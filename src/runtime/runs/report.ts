import type { AgentEvent, ResultEvent, UsageEvent } from '../adapters/events.ts';
import type { ReportedUsage } from '../store/usageTable.ts';
import type { ProcessOutcome } from './processOutcome.ts';
import type { Setback } from './setback.ts';

/** What a program has said of its run so far, as far as it matters once the run has ended. */
export interface RunReport {
  readonly result: ResultEvent | null;
  /** What it could not go on for, and in what words; a success said later takes it back. */
  readonly setback: { readonly cause: Setback; readonly message: string | null } | null;
  readonly usage: ReportedUsage | null;
}

export const nothingReported: RunReport = { result: null, setback: null, usage: null };

/** More is not counted: sums over all runs have to fit into the roll-up. */
const largestSum = 1e12;

/** The report with one more event in it. */
export function addEvent(report: RunReport, event: AgentEvent): RunReport {
  switch (event.kind) {
    case 'result':
      return { ...report, result: event, setback: event.status === 'succeeded' ? null : report.setback };
    case 'rateLimit': {
      const cause = { kind: 'rate_limit', limit: event.limit, until: event.until } as const;
      return { ...report, setback: { cause, message: null } };
    }
    case 'transientError':
      return { ...report, setback: { cause: { kind: 'transient' }, message: event.message } };
    case 'usage':
      return { ...report, usage: addUsage(report.usage, event.usage) };
    case 'progress':
    case 'question':
    case 'raw':
      return report;
  }
}

const noUsage: ReportedUsage = { model: '', inputTokens: 0, cachedTokens: 0, outputTokens: 0, costMicros: null };

/** Sums up; a cost that nobody said stays unknown. All of it counts for the model that was named last. */
function addUsage(sum: ReportedUsage | null, more: UsageEvent): ReportedUsage {
  const { model, inputTokens, cachedTokens, outputTokens, costMicros } = sum ?? noUsage;
  return {
    model: more.model ?? model,
    inputTokens: add(inputTokens, more.inputTokens),
    cachedTokens: add(cachedTokens, more.cachedTokens),
    outputTokens: add(outputTokens, more.outputTokens),
    costMicros: more.costMicros === null ? costMicros : add(costMicros ?? 0, more.costMicros),
  };
}

function add(one: number, other: number | null): number {
  return Math.min(largestSum, one + (other ?? 0));
}

/**
 * How a run came out, from how its program ended and what it had said. Success takes both: an exit code of 0 and no report that
 * says otherwise. What ended it from outside (time limit, cancel, signal, a log that cannot be written) stands.
 */
export function conclude(outcome: ProcessOutcome, report: RunReport): ProcessOutcome {
  const whole = { ...outcome, usage: report.usage, hasChanged: report.result?.hasChanged ?? null };
  return hasOwnEnd(outcome) ? { ...whole, ...judge(outcome, report) } : whole;
}

/** Its program ended by itself, with an exit code. */
function hasOwnEnd({ status, errorCode, exitCode }: ProcessOutcome): boolean {
  if (exitCode === null) return false;
  return status === 'succeeded' || errorCode === 'exit_code' || errorCode === 'temporary_failure';
}

type Judgement = Partial<Pick<ProcessOutcome, 'status' | 'errorCode' | 'message' | 'setback'>>;

function judge({ status, errorCode }: ProcessOutcome, { result, setback }: RunReport): Judgement {
  if (setback !== null) return { status: 'failed', ...describeSetback(setback), setback: setback.cause };
  if (errorCode === 'temporary_failure') return {};
  if (result?.status === 'failed') {
    return { status: 'failed', errorCode: 'reported_failure', message: describeFailure(result.message) };
  }
  return status === 'succeeded' && result !== null ? { message: result.message } : {};
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
