import { emptyLedger, joinLedgers, nothingStarted, type Ledger } from '../governance/ledger.ts';
import type { Settlement } from '../store/runTable.ts';
import { toVerdict, type CancelCause, type ProcessOutcome } from './processOutcome.ts';

/** How a run turned out, with what it leaves of its session. */
export type RunOutcome = Omit<ProcessOutcome, 'ledger'> & Pick<Settlement, 'session' | 'changes' | 'usage'>;

const nothing = {
  ...{ exitCode: null, signal: null, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0, setback: null },
  session: { kind: 'unchanged' },
} as const;

/** Of one that was cancelled before anything was started. */
export function notStarted(cause: CancelCause): RunOutcome {
  const message = 'Cancelled before it started.';
  return { ...nothing, status: 'cancelled', errorCode: cause, message, usage: { models: [], turns: null } };
}

/** Of one that was cancelled after an attempt that left a log of so many bytes, and before the next; without one, before anything was started. */
export function cancelledBetween(cause: CancelCause, logBytes: number): ProcessOutcome {
  if (logBytes === 0) return { ...notStarted(cause), ledger: nothingStarted };
  return { ...nothing, ...toVerdict({ kind: 'cancel', cause }, nothing), logBytes };
}

/** Of one of which a secret went between its claim and its start, or between two attempts; `logBytes` is what the first one left. */
export function withoutSecret(logBytes: number): ProcessOutcome {
  const message =
    'Not started: a secret that it needs was removed at that moment. It starts when the secret is set again.';
  const ledger = logBytes === 0 ? nothingStarted : emptyLedger;
  return { ...nothing, status: 'failed', errorCode: 'secret_missing', message, logBytes, ledger };
}

/** Of one that Reveille itself could not carry out, before anything was started or later. */
export function failed(error: Error, isStarted: boolean): RunOutcome {
  const message = `Reveille could not carry out this run (${error.message}). See its log with "Reveille: Show Log", then wake the agent again.`;
  const usage = isStarted ? null : { models: [], turns: null };
  return { ...nothing, status: 'failed', errorCode: 'internal', message, usage };
}

/** Says that the run took two attempts, the first of which used this: both count. */
export function withRestart(outcome: ProcessOutcome, first: Ledger = emptyLedger): ProcessOutcome {
  const said = 'Its conversation could not be gone on with, so it began a new one.';
  const message = outcome.message === null ? said : `${outcome.message} ${said}`;
  return { ...outcome, message, ledger: joinLedgers(first, outcome.ledger ?? emptyLedger) };
}
