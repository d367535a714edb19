import type { LoopBreakerLimits } from '../definition.ts';
import type { RunChanges } from '../model.ts';
import type { Settlement } from '../store/runTable.ts';
import { noStreak, type Streak } from '../store/streakTable.ts';

/** A run that has ended for good, as the loop breaker looks at it. */
export interface JudgedRun {
  readonly settlement: Pick<Settlement, 'status' | 'errorCode' | 'setback' | 'message' | 'stderrExcerpt'>;
  readonly changes: RunChanges | null;
  readonly hasIssue: boolean;
  /** Something of the issue was changed while it ran. */
  readonly isIssueTouched: boolean;
  /** A person wrote something that it was told. */
  readonly hasMessage: boolean;
}

/** What an agent repeated, over all its runs and in the scope of the last one. */
export interface Streaks {
  readonly agent: Streak;
  readonly scope: Streak;
}

/** Which rule stops an agent, and what it counted. */
export interface Trip {
  readonly rule: keyof LoopBreakerLimits;
  readonly count: number;
}

/**
 * What is repeated once a run has ended. Nothing follows from one that was cancelled, stopped, lost or told to come back later. A
 * message of a person begins anew, and so does a success that changed something.
 */
export function countRun(before: Streaks, run: JudgedRun): Streaks {
  const { settlement, hasMessage } = run;
  if (settlement.status === 'cancelled' || settlement.errorCode === 'process_lost') return before;
  if (settlement.setback?.kind === 'rate_limit') return before;
  const known = hasMessage ? { agent: noStreak, scope: noStreak } : before;
  return { agent: countFailure(known.agent, settlement), scope: countUnchanged(known.scope, run) };
}

function countFailure(streak: Streak, settlement: JudgedRun['settlement']): Streak {
  if (settlement.status === 'succeeded') return noStreak;
  const lastError = errorOf(settlement);
  const sameErrors = lastError === streak.lastError ? streak.sameErrors + 1 : 1;
  return { ...streak, failures: streak.failures + 1, sameErrors, lastError };
}

/** Of what changed in a folder without git nothing is known: then it is not counted, nor taken for a change. */
function countUnchanged(streak: Streak, { changes, hasIssue, isIssueTouched, hasMessage }: JudgedRun): Streak {
  if (!hasIssue || hasMessage || isIssueTouched) return { ...streak, unchanged: 0 };
  if (changes?.kind !== 'recorded') return streak;
  return { ...streak, unchanged: changes.files === 0 ? streak.unchanged + 1 : 0 };
}

/** The first limit (0 = none) that is reached; null if the agent may go on. */
export function findTrip(limits: LoopBreakerLimits, { agent, scope }: Streaks): Trip | null {
  const counts: readonly Trip[] = [
    { rule: 'sameError', count: agent.sameErrors },
    { rule: 'failures', count: agent.failures },
    { rule: 'unchanged', count: scope.unchanged },
  ];
  return counts.find(({ rule, count }) => limits[rule] > 0 && count >= limits[rule]) ?? null;
}

/** Says why an agent stopped itself, for a person. */
export function explainTrip({ rule, count }: Trip): string {
  const runs = `${String(count)} ${count === 1 ? 'run' : 'runs'}`;
  const texts: Record<Trip['rule'], string> = {
    failures: `It stopped itself: ${runs} in a row failed.`,
    sameError: `It stopped itself: ${runs} in a row failed with the same error.`,
    unchanged: `It stopped itself: ${runs} in a row on one issue changed neither files nor the issue.`,
  };
  return texts[rule];
}

const longestError = 200;

/** An error without what differs from run to run: the code, and the last line of stderr or else the message. */
export function errorOf({ errorCode, message, stderrExcerpt }: JudgedRun['settlement']): string {
  const lines = stderrExcerpt.split(/[\r\n]+/).map((line) => line.trim());
  const text = lines.findLast((line) => line !== '') ?? message ?? '';
  const plain = text
    .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
    .replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '#')
    .replace(/\b(0x)?[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+/g, '#');
  return `${errorCode ?? ''}: ${plain.toLowerCase()}`.slice(0, longestError).toWellFormed();
}
