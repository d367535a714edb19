import {
  openIssueStatuses,
  type HeartbeatPolicy,
  type HoldReason,
  type IssueStatus,
  type RefusalReason,
  type WakeSource,
} from '../model.ts';

/** Everything the gate looks at; gathered by the caller so that the decision is a pure function. */
export interface GateFacts {
  readonly source: WakeSource;
  /** Stop Everything is in force. */
  readonly isStopped: boolean;
  /** A newer build is about to take over. */
  readonly isDraining: boolean;
  /** The workspace is trusted by a connected window, or was by the last one. */
  readonly isTrusted: boolean;
  /** What would be executed is exactly what the user accepted. */
  readonly isConsented: boolean;
  readonly agentState: 'active' | 'paused' | 'terminated';
  /** The configuration file does not have the agent at the moment. */
  readonly isAbsent: boolean;
  readonly heartbeat: HeartbeatPolicy;
  /** The agent's quiet hours are on. */
  readonly isQuiet: boolean;
  /** The agent skips scheduled heartbeats that find nothing to do, and there is nothing. */
  readonly isIdle: boolean;
  /** The status of the issue that the wake is about; null without one. */
  readonly issueStatus: IssueStatus | null;
}

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
 * issue. A tick of a timer is never held: the next one comes by itself.
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
  if (facts.source === 'timer' && facts.isQuiet) return { kind: 'refuse', reason: 'quiet_hours' };
  if (facts.source === 'timer' && facts.isIdle) return { kind: 'refuse', reason: 'nothing_to_do' };
  if (facts.agentState === 'paused') return { kind: 'hold', reason: 'paused' };
  if (facts.isAbsent) return { kind: 'hold', reason: 'absent' };
  if (facts.issueStatus !== null && !openIssueStatuses.includes(facts.issueStatus)) {
    return { kind: 'refuse', reason: 'issue_closed' };
  }
  return admit;
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
    scope_busy: 'the agent already works on this',
    cwd_busy: 'another run works in its directory',
    slots_busy: 'all slots are taken',
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
    timer_while_held: 'it is held, and a scheduled heartbeat does not wait',
  };
  return texts[reason];
}
