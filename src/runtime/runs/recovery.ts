import { existsSync, statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import { logPathOf } from './executor.ts';
import { findSuccess, readEvidence, settleEvidence, type Evidence, type LostRunOrigin } from './lostEvidence.ts';
import { callOffLost, partingTexts, type Parting } from './lostRequest.ts';
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

/** Longest wait for what logs, books and servers tell, in milliseconds: the runtime cannot be reached before. */
const evidenceMs = 1500;

export interface RecoveryOptions {
  readonly runs: readonly RunRow[];
  readonly trees: ProcessTrees;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logsDirectory: string;
  /** What a run was started with; null if that is not known any more. */
  readonly originOf: (run: RunRow) => LostRunOrigin | null;
  /** `isDelivered` is false when what the run was to be told has to reach another one. */
  readonly settle: (runId: string, settlement: Settlement, isDelivered: boolean) => void;
}

/**
 * Settles runs that an earlier runtime left as running: it crashed, was killed, or the machine restarted. They are never
 * adopted. What is alive of their process trees is ended first, so that nothing works on unseen; then what they used, and the
 * conversation that they were in, is taken from their logs and the books of their programs.
 */
export async function recoverLostRuns(options: RecoveryOptions): Promise<void> {
  await Promise.all(options.runs.map((run) => recover(run, options)));
}

async function recover(run: RunRow, options: RecoveryOptions): Promise<void> {
  const { trees, clock, logger, logsDirectory, originOf, settle } = options;
  const ended = await trees.endLostRun({ runId: run.id, identity: run.process }).catch((error: unknown) => {
    logger.error('Ending what is left of a lost run failed', run.id, toError(error));
    return 0;
  });
  logger.warn('A run was lost when its runtime ended', run.id, `processes ended: ${String(ended)}`);
  const logPath = logPathOf(logsDirectory, run.id);
  // The log is made right before the process: without it nothing was started, and nobody was told anything.
  if (!existsSync(logPath)) {
    settle(run.id, neverStarted(clock.now()), false);
    return;
  }
  const origin = originOf(run);
  const http = origin?.definition.http ?? null;
  const [parting, evidence] = await Promise.all([
    http && callOffLost(http, { logPath, clock, limitMs: evidenceMs }),
    origin && readEvidence(run, origin, { logPath, clock, limitMs: evidenceMs }),
  ]);
  const found = { finishedAt: clock.now(), logBytes: logSize(logPath), what: describeEnd(run, ended, parting) };
  const settlement = lost(run, found);
  const known = origin && evidence && { origin, evidence, endedAt: lastWordAt(logPath, run, found.finishedAt) };
  settle(run.id, known ? await withEvidence(run, settlement, known) : settlement, true);
}

function neverStarted(finishedAt: number): Settlement {
  return {
    ...nothingKnown,
    finishedAt,
    message: "Reveille's runtime ended before this run had started. What it was to deliver is queued again.",
    logBytes: 0,
  };
}

/** What became of what was still at work on it. */
function describeEnd({ adapter }: RunRow, ended: number, parting: Parting | null): string {
  if (parting !== null) return partingTexts[parting];
  if (adapter === 'http') return partingTexts.no_address;
  return ended > 0 ? 'What was still running of it was ended.' : 'Nothing of it was running any more.';
}

function lost({ sessionId, cwd }: RunRow, found: { finishedAt: number; logBytes: number; what: string }): Settlement {
  return {
    ...nothingKnown,
    finishedAt: found.finishedAt,
    message: `Reveille's runtime ended while this run was going on. ${found.what} Its log goes up to that moment.`,
    logBytes: found.logBytes,
    // The conversation is still there, and can be gone on with.
    ...(sessionId !== null && { sessionId, session: { kind: 'noted', sessionId, cwd } }),
  };
}

/** A run that had said that it succeeded is not done once more because nobody was there to note that. */
async function withEvidence(
  run: RunRow,
  settlement: Settlement,
  { origin, evidence, endedAt }: { origin: LostRunOrigin; evidence: Evidence; endedAt: number },
): Promise<Settlement> {
  const charged = { ...settlement, ...(await settleEvidence(run, origin, { evidence, at: settlement.finishedAt })) };
  const success = findSuccess(origin, evidence);
  if (success === null) return charged;
  return { ...charged, status: 'succeeded', errorCode: null, message: success.message, finishedAt: endedAt };
}

/** When something was added to its log last, in epoch ms. */
function lastWordAt(logPath: string, { startedAt }: RunRow, now: number): number {
  const writtenAt = statSync(logPath, { throwIfNoEntry: false })?.mtimeMs ?? now;
  return Math.max(startedAt ?? 0, Math.min(now, Math.round(writtenAt)));
}
