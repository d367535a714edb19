import type { ListedSession } from '../../protocolSessions.ts';
import { userActor, type Audit } from '../governance/audit.ts';
import type { RequestHandlers } from '../server.ts';
import type { Session } from '../model.ts';
import { continuationOf, type Continuation } from '../runs/continuation.ts';
import { findAgent } from '../store/agentTable.ts';
import { findIssue } from '../store/issueTable.ts';
import { countSessions, deleteSessions, listSessions } from '../store/sessionTable.ts';
import type { StateWriter } from '../store/stateWriter.ts';
import type { Reader, Store } from '../store/store.ts';
import { sessionKeyOf } from '../wakeups/sessionKey.ts';
import { requireAgent } from './agentRequests.ts';

const largestPage = 200;

/** Requests about what is kept between the runs of a task. */
export function sessionRequests(options: {
  readonly store: Store;
  readonly state: StateWriter;
  readonly audit: Audit;
  /** Path of the workspace folder, from which programs given by relative paths count. */
  readonly folder: string;
}): Pick<RequestHandlers, 'session.list' | 'session.reset'> {
  const { store, state, audit, folder } = options;
  return {
    'session.list': ({ agent, before, limit = largestPage }, client) => {
      const sessions = listSessions(store, { agent, before, limit: limit + 1 });
      return {
        sessions: sessions.slice(0, limit).map((session) => ({
          ...session,
          issue: issueOf(store, session),
          continuation: client.run === null ? continuationIn(store, session, folder) : null,
        })),
        hasMore: sessions.length > limit,
        total: countSessions(store, agent),
      };
    },
    'session.reset': async ({ agent, taskKey }, client) => {
      requireAgent(store, agent);
      const keys = taskKey === undefined ? [undefined] : sessionKeysOf(taskKey);
      const count = keys.reduce((sum, key) => sum + countSessions(store, agent, key), 0);
      state.commit((transaction) => {
        for (const key of keys) deleteSessions(transaction, agent, key);
        const entry = { action: 'session.reset', target: `agent:${agent}`, agent } as const;
        const details = { sessions: count, taskKey: taskKey ?? null };
        audit.record(transaction, { ...entry, actor: userActor(client), details });
        // Whoever shows sessions asks for them again when their agent changes.
        transaction.touchAgent(agent);
      });
      await store.durable();
      return { count };
    },
  };
}

/** Sessions of an issue are kept under its id. */
function issueOf(reader: Reader, { taskKey }: Session): ListedSession['issue'] {
  const found = findIssue(reader, taskKey);
  if (found === undefined) return null;
  const { id, number, title, status } = found;
  return { id, number, title, status };
}

/** What the agent says today may be of another adapter than the session. */
function continuationIn(reader: Reader, { agent, adapter }: Session, folder: string): Continuation | null {
  const row = findAgent(reader, agent);
  if (row?.isEnforced !== true || row.definition.adapter !== adapter) return null;
  return continuationOf(row.definition, folder);
}

/** Under which keys the session of a scope may be kept: wakes without a task once had one for each source. */
function sessionKeysOf(taskKey: string): readonly string[] {
  return [...new Set([taskKey, sessionKeyOf(taskKey)])];
}
