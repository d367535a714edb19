import type { Actor, Audit, AuditDetails } from '../governance/audit.ts';
import type { RunRow, Settlement } from '../store/runTable.ts';
import { costOfRun } from '../store/runCost.ts';
import type { EndedRun } from '../store/usageTable.ts';
import type { Writer } from '../store/store.ts';

/** Records a step of a run's life in the audit log. */
export function recordRun(
  audit: Audit,
  writer: Writer,
  run: RunRow,
  what: {
    readonly action: 'run.claimed' | 'run.settled' | 'run.cancelAsked';
    readonly actor?: Actor;
    readonly result?: string;
    readonly costMicros?: number | null;
    readonly details: AuditDetails;
  },
): void {
  const { id, agent, issueId } = run;
  const details = issueId === null ? what.details : { ...what.details, issueId };
  audit.record(writer, { actor: 'runtime', target: `run:${id}`, agent, runId: id, ...what, details });
}

/** How a run ended, for the audit log; no output of the agent is in it. */
export function toDetails(run: RunRow, settlement: Settlement): AuditDetails {
  const { errorCode, exitCode, signal, finishedAt, hasChanged = null } = settlement;
  const cost = costOfRun(settlement.usage ?? null);
  const durationMs = run.startedAt === null ? null : Math.max(0, finishedAt - run.startedAt);
  return {
    errorCode,
    exitCode,
    signal,
    durationMs,
    ...(hasChanged !== null && { hasChanged }),
    ...(cost && { costBasis: cost.costBasis }),
  };
}

/** What the roll-up counts of a run. How long one worked that was lost is not known: its row tells when the loss was found. */
export function toUsage(run: RunRow, { status, errorCode, finishedAt, usage = null }: Settlement): EndedRun {
  const isFailed = status === 'failed' || status === 'timed_out';
  const startedAt = errorCode === 'process_lost' ? null : run.startedAt;
  const runMs = startedAt === null ? 0 : Math.max(0, finishedAt - startedAt);
  return { at: finishedAt, agent: run.agent, issueId: run.issueId, isFailed, runMs, usage };
}
