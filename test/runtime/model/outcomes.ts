import type { Settlement } from '../../../src/runtime/store/runTable.ts';

/** How a program of the world ends. */
export type Outcome =
  | {
      readonly kind: 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'transient' | 'session_lost' | 'context_full';
    }
  /** Its provider says: not before so many milliseconds from now. */
  | { readonly kind: 'limited'; readonly forMs: number };

const nothing = { exitCode: null, signal: null, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0, setback: null };

/** What its adapter makes of that, at a time in epoch ms. */
export function toSettlement(outcome: Outcome, finishedAt: number): Settlement {
  const end = { ...nothing, finishedAt };
  switch (outcome.kind) {
    case 'succeeded':
      return { ...end, status: 'succeeded', exitCode: 0, errorCode: null, message: null };
    case 'failed':
      return { ...end, status: 'failed', exitCode: 1, errorCode: 'exit_code', message: 'It failed.' };
    case 'timed_out':
      return { ...end, status: 'timed_out', errorCode: 'timeout', message: 'It took too long.' };
    case 'cancelled':
      return { ...end, status: 'cancelled', errorCode: 'cancelled_by_user', message: 'Cancelled.' };
    case 'session_lost':
    case 'context_full':
      return { ...end, status: 'failed', exitCode: 1, errorCode: outcome.kind, message: 'It cannot go on.' };
    case 'transient': {
      const setback = { kind: 'transient' } as const;
      return { ...end, status: 'failed', exitCode: 75, errorCode: 'temporary_failure', message: 'Not now.', setback };
    }
    case 'limited': {
      const setback = { kind: 'rate_limit', limit: 'requests', until: finishedAt + outcome.forMs } as const;
      return { ...end, status: 'failed', errorCode: 'rate_limited', message: 'Too many requests.', setback };
    }
  }
}
