import assert from 'node:assert/strict';
import { toVerdict, type EndReason, type ProcessExit } from '../../../src/runtime/runs/processOutcome.ts';

describe('the verdict on a run', () => {
  const unknown = { exitCode: null, signal: null };
  const rows: [EndReason, ProcessExit, string, string | null][] = [
    [{ kind: 'exit' }, { exitCode: 0, signal: null }, 'succeeded', null],
    [{ kind: 'exit' }, { exitCode: 3, signal: null }, 'failed', 'exit_code'],
    [{ kind: 'exit' }, { exitCode: null, signal: 'SIGSEGV' }, 'failed', 'signal'],
    [{ kind: 'exit' }, unknown, 'failed', 'exit_unknown'],
    [{ kind: 'timeout', timeoutSec: 5 }, unknown, 'timed_out', 'timeout'],
    [{ kind: 'cancel', cause: 'cancelled_by_stop' }, unknown, 'cancelled', 'cancelled_by_stop'],
    [{ kind: 'log', error: new Error('full') }, { exitCode: 0, signal: null }, 'failed', 'log_failed'],
  ];
  for (const [reason, exit, status, errorCode] of rows) {
    it(`${reason.kind}, exit code ${String(exit.exitCode)}, signal ${String(exit.signal)}: ${errorCode ?? status}`, () => {
      const verdict = toVerdict(reason, exit);
      assert.deepEqual([verdict.status, verdict.errorCode], [status, errorCode]);
      assert.equal(verdict.message === null, status === 'succeeded');
    });
  }
});
