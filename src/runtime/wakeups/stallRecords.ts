import type { Audit } from '../governance/audit.ts';
import { findRun, setRunStalled } from '../store/runTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';

/** Records that a running run says nothing, or has said something again. Its settlement needs no word of it. */
export function recordStall(
  runId: string,
  isStalled: boolean,
  { state, audit, now }: { readonly state: StateWriter; readonly audit: Audit; readonly now: () => number },
): void {
  state.commit((transaction) => {
    const run = findRun(transaction, runId);
    if (run?.status !== 'running' || isStalled === (run.stalledSince !== null)) return;
    const at = now();
    setRunStalled(transaction, runId, isStalled ? at : null);
    const { agent } = run;
    const action = isStalled ? 'run.stalled' : 'run.resumed';
    const details = isStalled ? {} : { silentMs: Math.max(0, at - (run.stalledSince ?? at)) };
    audit.record(transaction, { actor: 'runtime', action, target: `run:${runId}`, agent, runId, details });
    transaction.touchRun(runId);
  });
}
