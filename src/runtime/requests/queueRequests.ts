import { UserError } from '../errors.ts';
import { userActor, type Audit } from '../governance/audit.ts';
import type { QueueEntry } from '../../protocol.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { findRun, listQueuedRuns, listRunningRuns, type RunRow } from '../store/runTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Reader, Store } from '../store/store.ts';
import { listWaitingWakeups, type Wakeup } from '../store/wakeupTable.ts';
import type { WakeQueue } from '../wakeups/queue.ts';
import { moveQueuedRun, type QueueMove } from '../wakeups/queueOrder.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';
import { assertTrusted } from './agentRequests.ts';

type QueueRequests = Pick<
  RequestHandlers,
  'queue.list' | 'queue.inspect' | 'queue.discard' | 'queue.move' | 'queue.runNow'
>;

interface QueueRequestOptions {
  readonly store: Store;
  readonly state: StateWriter;
  readonly queue: WakeQueue;
  readonly desk: WakeDesk;
  readonly audit: Audit;
}

/** The longest reason of a wake. */
const reasonLength = 500;

/** Requests about what is queued and what waits behind a run. */
export function queueRequests(options: QueueRequestOptions): QueueRequests {
  const { store, state, queue, desk } = options;
  return {
    'queue.list': ({ after, limit }) => {
      const runs = listQueuedRuns(store, after ?? null, limit + 1);
      const behind = after === undefined ? listRunningRuns(store).map((run) => toEntry(store, run)) : [];
      return {
        behind: behind.filter(({ wakeups }) => wakeups > 0),
        entries: runs.slice(0, limit).map((run) => toEntry(store, run)),
        hasMore: runs.length > limit,
      };
    },
    'queue.inspect': ({ runId }) => toEntry(store, requireQueued(store, runId)),
    'queue.discard': async ({ runId, messages }, client) => {
      const run = requireQueued(store, runId);
      if (countMessages(waitingOf(store, run)) > (messages ?? 0)) {
        throw new UserError(
          'refused',
          'There is a message in it that nobody would read then. Look at it, and discard again.',
        );
      }
      queue.discard(runId, 'Discarded from the queue before it started.', userActor(client));
      await desk.settleRequests();
      return {};
    },
    'queue.move': async ({ runId, to }, client) => {
      assertTrusted(client);
      const isMoved = state.commit((transaction) => move(options, transaction, { runId, to }, client));
      await desk.settleRequests();
      return { isMoved };
    },
    'queue.runNow': async ({ runId }, client) => {
      assertTrusted(client);
      const admission = state.commit((transaction) => {
        const run = requireQueued(transaction, runId);
        // A person's wake joins the run, which passes all that a person may pass over.
        const { agent, issueId, taskKey } = run;
        const reason = `Run now: ${run.reason}`.slice(0, reasonLength).toWellFormed();
        const wake = {
          agent,
          issueId,
          taskKey,
          reason,
          source: 'on_demand',
          text: null,
          idempotencyKey: null,
          author: 'user',
          isForced: true,
        } as const;
        const made = desk.request(transaction, wake, userActor(client));
        if (made.refusal === null) move(options, transaction, { runId, to: 'first' }, client);
        return made;
      });
      await desk.settleRequests();
      return desk.explain(admission);
    },
  };
}

function move(
  { audit }: QueueRequestOptions,
  transaction: StateTransaction,
  { runId, to }: { readonly runId: string; readonly to: QueueMove },
  client: Pick<ClientContext, 'kind'>,
): boolean {
  const run = requireQueued(transaction, runId);
  if (!moveQueuedRun(transaction, run, to)) return false;
  audit.record(transaction, {
    actor: userActor(client),
    action: 'run.moved',
    target: `run:${runId}`,
    agent: run.agent,
    runId,
    details: { to },
  });
  return true;
}

function toEntry(reader: Reader, run: RunRow): QueueEntry {
  const waiting = waitingOf(reader, run);
  const { process: _process, cursor: _cursor, commandLine: _line, cwd: _cwd, ...rest } = run;
  const { stdoutExcerpt: _out, stderrExcerpt: _err, isForced: _forced, needsConfirmation: _needs, ...listed } = rest;
  const since = waiting[0]?.requestedAt ?? run.queuedAt;
  return {
    run: listed,
    since,
    wakeups: waiting.length,
    messages: countMessages(waiting),
    isFresh: waiting.some(({ isFresh }) => isFresh),
  };
}

/** The inbox of a run's scope: what a queued one would deliver, and what waits for the end of a running one. */
function waitingOf(reader: Reader, { agent, taskKey }: RunRow): Wakeup[] {
  return listWaitingWakeups(reader, agent, taskKey);
}

function countMessages(wakeups: readonly Wakeup[]): number {
  return wakeups.filter(({ source, text }) => source === 'on_demand' && text !== null).length;
}

/** @throws UserError of kind `not_found`, or `refused` if it does not wait any more */
function requireQueued(reader: Reader, runId: string): RunRow {
  const run = findRun(reader, runId);
  if (!run) throw new UserError('not_found', 'That run is not in the history any more.');
  if (run.status === 'queued') return run;
  const message =
    run.finishedAt === null
      ? 'That run has started meanwhile. To end it, cancel it.'
      : 'That run does not wait any more: it has ended.';
  throw new UserError('refused', message);
}
