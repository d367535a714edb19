import { existsSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import { logPathOf } from './executor.ts';
import type { ProcessTrees } from './processTree.ts';
import { logSize } from './readLog.ts';

const nothingKnown = {
  status: 'failed',
  exitCode: null,
  signal: null,
  errorCode: 'process_lost',
  setback: null,
  stdoutExcerpt: '',
  stderrExcerpt: '',
} as const;

/**
 * Settles runs that an earlier runtime left as running: it crashed, was killed, or the machine restarted. They are never
 * adopted. What is alive of their process trees is ended first, so that nothing works on unseen.
 */
export async function recoverLostRuns(options: {
  readonly runs: readonly RunRow[];
  readonly trees: ProcessTrees;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logsDirectory: string;
  /** `isDelivered` is false when what the run was to be told has to reach another one. */
  readonly settle: (runId: string, settlement: Settlement, isDelivered: boolean) => void;
}): Promise<void> {
  const { runs, trees, clock, logger, logsDirectory, settle } = options;
  await Promise.all(
    runs.map(async (run) => {
      const ended = await trees.endLostRun({ runId: run.id, identity: run.process }).catch((error: unknown) => {
        logger.error('Ending what is left of a lost run failed', run.id, toError(error));
        return 0;
      });
      logger.warn('A run was lost when its runtime ended', run.id, `processes ended: ${String(ended)}`);
      const log = logPathOf(logsDirectory, run.id);
      // The log is made right before the process: without it nothing was started, and nobody was told anything.
      if (existsSync(log)) settle(run.id, lost(run, { finishedAt: clock.now(), logBytes: logSize(log), ended }), true);
      else settle(run.id, neverStarted(clock.now()), false);
    }),
  );
}

function neverStarted(finishedAt: number): Settlement {
  return {
    ...nothingKnown,
    finishedAt,
    message: "Reveille's runtime ended before this run had started. What it was to deliver is queued again.",
    logBytes: 0,
  };
}

function lost({ sessionId, cwd }: RunRow, found: { finishedAt: number; logBytes: number; ended: number }): Settlement {
  const what = found.ended > 0 ? 'What was still running of it was ended.' : 'Nothing of it was running any more.';
  return {
    ...nothingKnown,
    finishedAt: found.finishedAt,
    message: `Reveille's runtime ended while this run was going on. ${what} Its log goes up to that moment.`,
    logBytes: found.logBytes,
    // The conversation is still there, and can be gone on with.
    ...(sessionId !== null && { sessionId, session: { kind: 'noted', sessionId, cwd } }),
  };
}
