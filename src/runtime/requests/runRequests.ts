import { UserError } from '../errors.ts';
import { userActor } from '../governance/audit.ts';
import type { RunDetail } from '../model.ts';
import { logPathOf, type Executor } from '../runs/executor.ts';
import { logSize, readLog } from '../runs/readLog.ts';
import type { RequestHandlers } from '../server.ts';
import { findRun, listRuns, type RunRow } from '../store/runTable.ts';
import type { Store } from '../store/store.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';
import type { WakeQueue } from '../wakeups/queue.ts';

type RunRequests = Pick<RequestHandlers, 'run.cancel' | 'run.get' | 'run.list' | 'log.read'>;

/** Requests about runs and their logs. */
export function runRequests(options: {
  readonly store: Store;
  readonly queue: WakeQueue;
  readonly desk: WakeDesk;
  readonly executor: Executor;
  readonly logsDirectory: string;
}): RunRequests {
  const { store, queue, desk, executor, logsDirectory } = options;
  return {
    'run.cancel': async ({ runId }, client) => {
      const run = requireRun(store, runId);
      if (run.status === 'queued') queue.discard(runId, 'Cancelled by the user before it started.', userActor(client));
      else if (run.status === 'running') {
        queue.markCancelling(runId, userActor(client));
        executor.cancel(runId, 'cancelled_by_user');
      }
      await desk.settleRequests();
      return {};
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
