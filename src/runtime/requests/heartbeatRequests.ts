import type { RequestHandlers } from '../server.ts';
import { listHeartbeatRuns } from '../store/heartbeatTable.ts';
import type { Store } from '../store/store.ts';

/** Requests about named heartbeats. */
export function heartbeatRequests({ store }: { readonly store: Store }): Pick<RequestHandlers, 'heartbeat.list'> {
  return {
    'heartbeat.list': ({ before, limit }) => {
      const heartbeats = listHeartbeatRuns(store, before, limit + 1);
      return { heartbeats: heartbeats.slice(0, limit), hasMore: heartbeats.length > limit };
    },
  };
}
