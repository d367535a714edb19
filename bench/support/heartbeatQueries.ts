import { findAgent, listAgents } from '../../src/runtime/store/agentTable.ts';
import { findIssue, listIssues } from '../../src/runtime/store/issueTable.ts';
import {
  countRuns,
  findListedRun,
  listActiveRuns,
  listQueuedRuns,
  listRuns,
  listSettledRuns,
} from '../../src/runtime/store/runTable.ts';
import type { Reader } from '../../src/runtime/store/store.ts';
import type { Scope } from './workRows.ts';

export type Query = (reader: Reader) => unknown;

/** What a runtime and its windows read during one heartbeat run. */
export function heartbeatQueries({ agent, issueId }: Scope): Query[] {
  return [
    (reader) => findAgent(reader, agent),
    (reader) => findIssue(reader, issueId),
    (reader) => listQueuedRuns(reader, null, 16),
    (reader) => findListedRun(reader, listRuns(reader, { agent, limit: 1 })[0]?.id ?? ''),
    (reader) => countRuns(reader, agent, 'running'),
    (reader) => listActiveRuns(reader),
    (reader) => listSettledRuns(reader, 50),
    (reader) => listRuns(reader, { agent, limit: 20 }),
    (reader) => listIssues(reader, { limit: 50, includeClosed: false }),
    (reader) => listAgents(reader),
  ];
}
