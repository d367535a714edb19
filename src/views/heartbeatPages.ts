import type { HeartbeatRun } from '../runtime/model.ts';
import type { AskedPages, Question } from './askedPages.ts';

export type HeartbeatPages = AskedPages<HeartbeatRun>;

const pageSize = 20;

/** The last runs of named heartbeats of each folder. Whatever happens to one also changes an agent that takes part, or the configuration. */
export const newestHeartbeats: Question<HeartbeatRun> = {
  watch: ({ configuration, agents }) => [
    configuration,
    ...[...agents.values()].filter(({ namedHeartbeats }) => namedHeartbeats.length > 0),
  ],
  ask: async (folder) => (await folder.request('heartbeat.list', { limit: pageSize })).heartbeats,
};
