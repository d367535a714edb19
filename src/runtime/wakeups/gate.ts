import type { AgentState } from '../store/agentTable.ts';
import {
  openIssueStatuses,
  type HeartbeatPolicy,
  type HoldReason,
  type IssueStatus,
  type RefusalReason,
  type WakeSource,
} from '../model.ts';

/** What can stand against every wake of an agent besides its own state, in the order in which it is told. */
export const agentObstacles = ['secrets', 'locked', 'rate_limit', 'budget'] as const;
export type AgentObstacle = (typeof agentObstacles)[number];

/** Everything the gate looks at; gathered by the caller so that the decision is a pure function. */
export interface GateFacts {
  readonly source: WakeSource;
  /** A person said: run it now anyway. Passes quiet hours, nothing to do, the loop breaker and a rate limit; nothing else. */
  readonly isForced: boolean;
  /** Stop Everything is in force. */
  readonly isStopped: boolean;
  /** A newer build is about to take over. */
  readonly isDraining: boolean;
  /** The workspace is trusted by a connected window, or was by the last one. */
  readonly isTrusted: boolean;
  /** What would be executed is exactly what the user accepted. */
  readonly isConsented: boolean;
  /** `tripped`: paused by the loop breaker. */
  readonly agentState: AgentState;
  /** The configuration file does not have the agent at the moment. */
  readonly isAbsent: boolean;
  readonly heartbeat: HeartbeatPolicy;
  /** The agent's quiet hours are on. */
  readonly isQuiet: boolean;
  /** The agent skips scheduled heartbeats that find nothing to do, and there is nothing. */
  readonly isIdle: boolean;
  /** The status of the issue that the wake is about; null without one. */
  readonly issueStatus: IssueStatus | null;
  /** The issue, or one that it is a part of, waits for another one or was marked as blocked. */
  readonly isBlocked: boolean;
  readonly obstacles: ReadonlySet<AgentObstacle>;
}

/** What holds for the whole folder at the moment. */
export interface FolderFacts extends Pick<GateFacts, 'isStopped' | 'isDraining' | 'isTrusted'> {
  /**
   * What stands against every wake of an agent and is not kept in the state, such as a secret that is missing. Whoever changes it
   * asks for a pass of the dispatcher.
   */
  readonly obstaclesOf?: (agent: string) => Iterable<AgentObstacle>;
}
/** What holds for one agent at the moment, whatever wakes it. */
export type AgentFacts = Pick<GateFacts, 'isConsented' | 'agentState' | 'isAbsent' | 'heartbeat' | 'obstacles'>;

export type Verdict =
  | { readonly kind: 'admit' }
  | { readonly kind: 'hold'; readonly reason: HoldReason }
  | {
      readonly kind: 'refuse';
      readonly reason: RefusalReason;
      /** What would hold it if it could wait: of `timer_while_held`. */
      readonly heldFor?: HoldReason;
    };

const admit: Verdict = { kind: 'admit' };

/**
 * Whether a wake may become a run now, has to wait, or is not to happen. Asked at the request and again at the claim.
 * Order: stop-everything → trust, consent → terminated → source switch → (timer: quiet hours → nothing to do) → paused →
 * loop breaker → issue → secrets, lock → rate limit → budget. An agent that nobody has approved yet is one without consent.
 * A tick of a timer is never held: the next one comes by itself.
 */
export function judge(facts: GateFacts): Verdict {
  const verdict = judgeUntimed(facts);
  if (verdict.kind !== 'hold' || facts.source !== 'timer') return verdict;
  return { kind: 'refuse', reason: 'timer_while_held', heldFor: verdict.reason };
}

function judgeUntimed(facts: GateFacts): Verdict {
  if (facts.isStopped) return { kind: 'hold', reason: 'stopped' };
  if (facts.isDraining) return { kind: 'hold', reason: 'draining' };
  if (!facts.isTrusted) return { kind: 'hold', reason: 'trust' };
  if (!facts.isConsented) return { kind: 'hold', reason: 'consent' };
  if (facts.agentState === 'terminated') return { kind: 'refuse', reason: 'terminated' };
  if (!allows(facts.heartbeat, facts.source)) return { kind: 'refuse', reason: 'source_disabled' };
  const isTick = facts.source === 'timer' && !facts.isForced;
  if (isTick && facts.isQuiet) return { kind: 'refuse', reason: 'quiet_hours' };
  if (isTick && facts.isIdle) return { kind: 'refuse', reason: 'nothing_to_do' };
  if (facts.agentState === 'paused') return { kind: 'hold', reason: 'paused' };
  if (facts.isAbsent) return { kind: 'hold', reason: 'absent' };
  if (facts.agentState === 'tripped' && !facts.isForced) return { kind: 'hold', reason: 'loop_breaker' };
  return judgeWork(facts);
}

function judgeWork({ issueStatus, isBlocked, obstacles, isForced }: GateFacts): Verdict {
  if (issueStatus !== null && !openIssueStatuses.includes(issueStatus)) {
    return { kind: 'refuse', reason: 'issue_closed' };
  }
  if (isBlocked) return { kind: 'hold', reason: 'blocked' };
  const obstacle = agentObstacles.find((one) => obstacles.has(one) && !(isForced && one === 'rate_limit'));
  return obstacle === undefined ? admit : { kind: 'hold', reason: obstacle };
}

/** The four switches of an agent are independent. */
export function allows(heartbeat: HeartbeatPolicy, source: WakeSource): boolean {
  switch (source) {
    case 'timer':
      return heartbeat.enabled;
    case 'assignment':
      return heartbeat.wakeOnAssignment;
    case 'on_demand':
      return heartbeat.wakeOnOnDemand;
    case 'automation':
      return heartbeat.wakeOnAutomation;
  }
}

/** Says a hold in a person's words, beginning in lower case. */
export function explainHold(reason: HoldReason): string {
  const texts: Record<HoldReason, string> = {
    stopped: 'everything is stopped; release it to go on',
    draining: 'a newer version of Reveille takes over in a moment',
    trust: 'this workspace is not trusted',
    consent: 'its configuration has not been accepted yet',
    paused: 'the agent is paused',
    absent: 'the agent is missing from the configuration',
    loop_breaker: 'the agent stopped itself because it did not get on; look at its last runs, then resume it',
    blocked: 'the issue is blocked; unblock it to go on',
    secrets: 'a secret that it needs is not there; set it to go on; a check of the agent names it',
    locked: 'the state is locked; unlock it to go on',
    rate_limit: 'its provider lets nothing through for a while',
    budget: 'its budget is used up',
    confirmation: 'the run before it was cancelled; say whether to continue',
    retry: 'the attempt before it failed; it is tried again in a moment',
    issue_busy: 'another agent works on its issue',
    session_busy: 'another run has the same session open',
    scope_busy: 'the agent already works on this',
    cwd_busy: 'another run works in its directory',
    provider_busy: 'as many runs as may use its provider go on already',
    slots_busy: 'all slots are taken',
    machine_busy: 'all slots of this machine are taken, by runs in other folders too',
  };
  return texts[reason];
}

/** Says a refusal in a person's words, beginning in lower case. */
export function explainRefusal(reason: RefusalReason): string {
  const texts: Record<RefusalReason, string> = {
    terminated: 'the agent was terminated',
    source_disabled: 'its configuration switches this kind of wake off',
    duplicate: 'it was already asked for',
    issue_closed: 'the issue is closed; reopen it first',
    quiet_hours: 'its quiet hours have begun, which quietHours sets',
    nothing_to_do: 'it has nothing to do, and skipWhenIdle is on',
    hop_limit: 'agents woke each other too many times in a row; write a comment or wake it yourself to go on',
    timer_while_held: 'it is held, and a scheduled heartbeat does not wait',
  };
  return texts[reason];
}
