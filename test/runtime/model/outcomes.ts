import type { Settlement } from '../../../src/runtime/store/runTable.ts';

/** How a program of the world ends. */
export interface Outcome {
  readonly kind: 'succeeded' | 'failed' | 'timed_out' | 'cancelled';
}

/** What its adapter makes of that. */
export function toSettlement({ kind }: Outcome, finishedAt: number): Settlement {
  const nothing = { exitCode: null, signal: null, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0 };
  switch (kind) {
    case 'succeeded':
      return { ...nothing, finishedAt, status: kind, exitCode: 0, errorCode: null, message: null };
    case 'failed':
      return { ...nothing, finishedAt, status: kind, exitCode: 1, errorCode: 'exit_code', message: 'It failed.' };
    case 'timed_out':
      return { ...nothing, finishedAt, status: kind, errorCode: 'timeout', message: 'It took too long.' };
    case 'cancelled':
      return { ...nothing, finishedAt, status: kind, errorCode: 'cancelled_by_user', message: 'Cancelled.' };
  }
}
