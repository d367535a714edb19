import type { RequestHandlers } from '../server.ts';
import { deleteSessions, listSessions } from '../store/sessionTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import { requireAgent } from './agentRequests.ts';

/** Requests about what is kept between the runs of a task. */
export function sessionRequests(options: {
  readonly store: Store;
  readonly state: StateWriter;
}): Pick<RequestHandlers, 'session.list' | 'session.reset'> {
  const { store, state } = options;
  return {
    'session.list': ({ agent }) => ({ sessions: listSessions(store, agent) }),
    'session.reset': async ({ agent, taskKey }) => {
      requireAgent(store, agent);
      const count = listSessions(store, agent).filter(
        (kept) => taskKey === undefined || kept.taskKey === taskKey,
      ).length;
      state.commit((transaction) => {
        deleteSessions(transaction, agent, taskKey);
      });
      await store.durable();
      return { count };
    },
  };
}
