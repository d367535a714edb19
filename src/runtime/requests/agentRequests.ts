import { UserError } from '../errors.ts';
import type { CancelCause } from '../runs/processOutcome.ts';
import { userActor, type Audit } from '../governance/audit.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { findAgent, type AgentRow } from '../store/agentTable.ts';
import { findIssue } from '../store/issueTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import { listRunningRuns } from '../store/runTable.ts';
import { markTerminated, pauseAgent, resumeAgent } from '../wakeups/agentStates.ts';
import type { Dispatcher } from '../wakeups/dispatcher.ts';
import type { WakeQueue } from '../wakeups/queue.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';

type AgentRequests = Pick<RequestHandlers, 'agent.wake' | 'agent.pause' | 'agent.resume' | 'agent.terminate'>;

/** Requests about agents. */
export function agentRequests(options: {
  readonly store: Store;
  readonly state: StateWriter;
  readonly desk: WakeDesk;
  readonly dispatcher: Dispatcher;
  readonly audit: Audit;
  readonly queue: WakeQueue;
  /** Asks for the end of a run that is executing. */
  readonly cancel: (runId: string, cause: CancelCause) => void;
}): AgentRequests {
  const { store, state, desk, dispatcher, audit, queue, cancel } = options;
  return {
    'agent.wake': async (
      { agent, reason, text, issueId, taskKey, taskId, idempotencyKey, isFresh = false },
      client,
    ) => {
      assertTrusted(client);
      if (issueId !== undefined && !findIssue(store, issueId)) throw unknownIssue();
      const request = {
        agent,
        source: 'on_demand',
        reason: reason ?? 'Woken by hand',
        text: text ?? null,
        issueId: issueId ?? null,
        taskKey: taskKey ?? null,
        taskId: taskId ?? null,
        idempotencyKey: idempotencyKey ?? null,
        author: 'user',
        isFresh,
      } as const;
      return desk.wake(request, userActor(client));
    },
    'agent.pause': async ({ agent, reason }, client) => {
      const row = requireAgent(store, agent);
      if (row.state === 'terminated') throw new UserError('refused', `${agent} was terminated and cannot be paused.`);
      state.commit((transaction) => {
        pauseAgent(transaction, audit, { agent, by: userActor(client), reason: reason ?? null });
      });
      await dispatcher.dispatch();
      await store.durable();
      return {};
    },
    'agent.resume': async ({ agent }, client) => {
      assertTrusted(client);
      const row = requireAgent(store, agent);
      if (row.state !== 'paused' && row.state !== 'tripped') throw new UserError('refused', `${agent} is not paused.`);
      state.commit((transaction) => {
        resumeAgent(transaction, audit, agent, userActor(client));
      });
      await desk.settleRequests();
      return {};
    },
    // Like pausing, it only stops: a window in Restricted Mode may do it.
    'agent.terminate': async ({ agent, reason }, client) => {
      const row = requireAgent(store, agent);
      if (row.state === 'terminated') throw new UserError('refused', `${agent} is terminated already.`);
      const by = userActor(client);
      const running = state.commit((transaction) => {
        markTerminated(transaction, audit, { agent, by, reason: reason ?? null });
        queue.endWaiting(transaction, agent);
        const runs = listRunningRuns(transaction).filter((run) => run.agent === agent);
        for (const { id } of runs) queue.askForEnd(transaction, id, by);
        return runs;
      });
      for (const { id } of running) cancel(id, 'cancelled_by_user');
      await desk.settleRequests();
      return { cancelled: running.length };
    },
  };
}

/** @throws UserError of kind `trust` when the window that asks is in Restricted Mode */
export function assertTrusted(client: Pick<ClientContext, 'isTrusted'>): void {
  if (client.isTrusted) return;
  throw new UserError(
    'trust',
    'This workspace is not trusted, so no agent may start. Run "Workspaces: Manage Workspace Trust" to trust it.',
  );
}

export function unknownIssue(): UserError {
  return new UserError('not_found', 'That issue does not exist any more.');
}

/** @throws UserError of kind `not_found` */
export function requireAgent(store: Store, key: string): AgentRow {
  const row = findAgent(store, key);
  if (!row) throw new UserError('not_found', `There is no agent "${key}" in the configuration.`);
  return row;
}
