import { userActor, type Audit } from '../governance/audit.ts';
import type { RequestHandlers } from '../server.ts';
import { countSessions, deleteSessions, listSessions } from '../store/sessionTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import { requireAgent } from './agentRequests.ts';

const largestPage = 200;

/** Requests about what is kept between the runs of a task. */
export function sessionRequests(options: {
  readonly store: Store;
  readonly state: StateWriter;
  readonly audit: Audit;
}): Pick<RequestHandlers, 'session.list' | 'session.reset'> {
  const { store, state, audit } = options;
  return {
    'session.list': ({ agent, before, limit = largestPage }) => {
      const sessions = listSessions(store, { agent, before, limit: limit + 1 });
      return {
        sessions: sessions.slice(0, limit),
        hasMore: sessions.length > limit,
        total: countSessions(store, agent),
      };
    },
    'session.reset': async ({ agent, taskKey }, client) => {
      requireAgent(store, agent);
      const count = countSessions(store, agent, taskKey);
      state.commit((transaction) => {
        deleteSessions(transaction, agent, taskKey);
        const entry = { action: 'session.reset', target: `agent:${agent}`, agent } as const;
        const details = { sessions: count, taskKey: taskKey ?? null };
        audit.record(transaction, { ...entry, actor: userActor(client), details });
      });
      await store.durable();
      return { count };
    },
  };
}
