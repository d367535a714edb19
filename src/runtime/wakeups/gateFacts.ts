import type { WakeSource } from '../model.ts';
import type { AgentRow } from '../store/agentTable.ts';
import { isIssueBlocked } from '../store/issueBlockerTable.ts';
import { findIssue } from '../store/issueTable.ts';
import type { Reader } from '../store/store.ts';
import type { AgentFacts, AgentObstacle, FolderFacts, GateFacts } from './gate.ts';
import { isLimited, limitsOf, providerOf } from './rateLimits.ts';
import { timerFacts } from './timerFacts.ts';

/** What is asked of the gate: one wake of one agent, at a time in epoch ms. */
export interface GateQuestion {
  readonly source: WakeSource;
  readonly issueId: string | null;
  /** See `GateFacts.isForced`. */
  readonly isForced: boolean;
  readonly at: number;
  /** See `timerFacts`. */
  readonly hasChanged: boolean;
}

/** Gathers all that the gate looks at; nothing is looked up for wakes that it does not concern. */
export function gatherFacts(
  reader: Reader,
  folder: FolderFacts,
  agent: AgentRow,
  { source, issueId, isForced, at, hasChanged }: GateQuestion,
): GateFacts {
  const issue = issueId === null ? undefined : findIssue(reader, issueId);
  const { isStopped, isDraining, isTrusted } = folder;
  return {
    isStopped,
    isDraining,
    isTrusted,
    ...agentFacts(reader, folder, agent, at),
    ...timerFacts(reader, agent, { source, at, hasChanged }),
    source,
    isForced,
    issueStatus: issue?.status ?? null,
    isBlocked: issue !== undefined && isIssueBlocked(reader, issue.id),
  };
}

/**
 * What stands for or against every wake of an agent at a time in epoch ms. Consent is what its row says: whether the files that would be executed
 * are still those that were accepted is asked at the claim.
 */
export function agentFacts(reader: Reader, folder: FolderFacts, agent: AgentRow, at: number): AgentFacts {
  const obstacles = new Set<AgentObstacle>(folder.obstaclesOf?.(agent.key));
  if (isLimited(limitsOf(reader, providerOf(agent.definition)), at)) obstacles.add('rate_limit');
  return {
    isConsented: agent.isEnforced,
    agentState: agent.state,
    isAbsent: agent.isAbsent,
    heartbeat: agent.definition.heartbeat,
    obstacles,
  };
}
