import { UserError } from '../errors.ts';
import { userActor, type Audit } from '../governance/audit.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { findAgent, setAgentState, type AgentRow } from '../store/agentTable.ts';
import { findIssue } from '../store/issueTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import type { Dispatcher } from '../wakeups/dispatcher.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';

type AgentRequests = Pick<RequestHandlers, 'agent.wake' | 'agent.pause' | 'agent.resume'>;

/** Requests about agents. */
export function agentRequests(options: {
  readonly store: Store;
  readonly state: StateWriter;
  readonly desk: WakeDesk;
  readonly dispatcher: Dispatcher;
  readonly audit: Audit;
}): AgentRequests {
  const { store, state, desk, dispatcher, audit } = options;
  return {
    'agent.wake': async ({ agent, reason, text, issueId, taskKey, idempotencyKey }, client) => {
      assertTrusted(client);
      if (issueId !== undefined && !findIssue(store, issueId)) throw unknownIssue();
      const request = {
        agent,
        source: 'on_demand',
        reason: reason ?? 'Woken by hand',
        text: text ?? null,
        issueId: issueId ?? null,
        taskKey: taskKey ?? null,
        idempotencyKey: idempotencyKey ?? null,
        author: 'user',
      } as const;
      return desk.wake(request, userActor(client));
    },
    'agent.pause': async ({ agent, reason }, client) => {
      const row = requireAgent(store, agent);
      if (row.state === 'terminated') throw new UserError('refused', `${agent} was terminated and cannot be paused.`);
      state.commit((transaction) => {
        setAgentState(transaction, agent, 'paused', reason ?? 'Paused by hand');
        const entry = { action: 'agent.paused', target: `agent:${agent}`, agent, text: reason ?? null } as const;
        audit.record(transaction, { ...entry, actor: userActor(client) });
        transaction.touchAgent(agent);
      });
      await dispatcher.dispatch();
      await store.durable();
      return {};
    },
    'agent.resume': async ({ agent }, client) => {
      assertTrusted(client);
      const row = requireAgent(store, agent);
      if (row.state !== 'paused') throw new UserError('refused', `${agent} is not paused.`);
      state.commit((transaction) => {
        setAgentState(transaction, agent, 'active', null);
        const entry = { action: 'agent.resumed', target: `agent:${agent}`, agent } as const;
        audit.record(transaction, { ...entry, actor: userActor(client) });
        transaction.touchAgent(agent);
      });
      await desk.settleRequests();
      return {};
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
