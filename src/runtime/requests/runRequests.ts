import { UserError } from '../errors.ts';
import { userActor, type Audit } from '../governance/audit.ts';
import type { RunDetail } from '../model.ts';
import { logPathOf, type Executor } from '../runs/executor.ts';
import { logSize, readLog } from '../runs/readLog.ts';
import type { RequestHandlers } from '../server.ts';
import { findRun, listRuns, type RunRow } from '../store/runTable.ts';
import { findAgent } from '../store/agentTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import { pauseAgent } from '../wakeups/agentStates.ts';
import { followUpsOf } from '../wakeups/followUps.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';
import type { WakeQueue } from '../wakeups/queue.ts';

type RunRequests = Pick<RequestHandlers, 'run.cancel' | 'run.get' | 'run.list' | 'log.read'>;

/** Requests about runs and their logs. */
export function runRequests(options: {
  readonly store: Store;
  readonly state: StateWriter;
  readonly audit: Audit;
  readonly queue: WakeQueue;
  readonly desk: WakeDesk;
  readonly executor: Executor;
  readonly logsDirectory: string;
}): RunRequests {
  const { store, state, audit, queue, desk, executor, logsDirectory } = options;
  return {
    'run.cancel': async ({ runId, pause }, client) => {
      const by = userActor(client);
      const run = requireRun(store, runId);
      const followUps = followUpsOf(store, run);
      // The agent is paused before its run is asked to end: nothing slips in between.
      const status = state.commit((transaction) => {
        const isActive = findAgent(transaction, run.agent)?.state === 'active';
        const reason = 'Paused when its run was cancelled';
        if (pause === true && isActive) pauseAgent(transaction, audit, { agent: run.agent, by, reason });
        return queue.askForEnd(transaction, runId, by);
      });
      if (status === 'running') executor.cancel(runId, 'cancelled_by_user');
      await desk.settleRequests();
      return { followUps };
    },
    'run.get': ({ runId }) => toDetail(requireRun(store, runId), logsDirectory),
    'run.list': ({ before, agent, limit }) => {
      const runs = listRuns(store, { before, agent, limit: limit + 1 });
      return { runs: runs.slice(0, limit), hasMore: runs.length > limit };
    },
    'log.read': async ({ runId, offset, maxBytes }) => {
      // The status is read before the file: a run that settles in between is complete at the next call.
      const isSettled = requireRun(store, runId).finishedAt !== null;
      const piece = await readLog(logPathOf(logsDirectory, runId), offset, maxBytes, isSettled);
      const isComplete = isSettled && piece.nextOffset >= piece.size;
      return { text: piece.text, offset, nextOffset: piece.nextOffset, isComplete };
    },
  };
}

function requireRun(store: Store, runId: string): RunRow {
  const run = findRun(store, runId);
  if (!run) throw new UserError('not_found', 'That run is not in the history any more.');
  return run;
}

function toDetail(row: RunRow, logsDirectory: string): RunDetail {
  const { cursor: _cursor, isForced: _forced, needsConfirmation: _needs, process, ...run } = row;
  const logPath = logPathOf(logsDirectory, row.id);
  // The row learns the size when the run settles.
  const logBytes = run.finishedAt === null ? logSize(logPath) : run.logBytes;
  return { ...run, logBytes, pid: process?.pid ?? null, logPath };
}
