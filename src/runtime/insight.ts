import type { AgentSkips, HoldReason, OnlyIfKind, Run, WakeSource, WakeupStatus } from './model.ts';

/** Why an agent runs, will run or does not run, at this moment. */
export type WhyNow =
  | { readonly kind: 'running'; readonly runId: string; readonly number: number; readonly since: number }
  /** Nothing of it may start; `waiting` runs are queued. `note` is what was said when it was paused. */
  | {
      readonly kind: 'held';
      readonly reason: HoldReason | 'terminated';
      readonly note: string | null;
      readonly waiting: number;
    }
  /** A run of it waits; null: for nothing but its turn. */
  | {
      readonly kind: 'queued';
      /** What stands before it in the queue, and which of that comes first; null if nothing does. */
      readonly ahead: { readonly runs: number; readonly agent: string; readonly number: number } | null;
      readonly runId: string;
      readonly number: number;
      readonly reason: HoldReason | null;
      readonly since: number;
    }
  /** `willSkip`: what its next heartbeat would come to nothing for, as far as it is known now; unless what `onlyIf` names has changed. */
  | {
      readonly kind: 'scheduled';
      readonly at: number;
      readonly willSkip: 'quiet_hours' | 'nothing_to_do' | null;
      readonly onlyIf: readonly OnlyIfKind[];
    }
  /** It has no schedule: only these wake it. */
  | { readonly kind: 'asked'; readonly sources: readonly WakeSource[] };

/** One line of the account of why an agent woke and why it did not. `at`: epoch ms. */
export type TimelineEntry =
  | {
      readonly kind: 'wakeup';
      readonly at: number;
      readonly source: WakeSource;
      readonly reason: string;
      readonly status: WakeupStatus;
      /** A refusal, or how the run ended that it was delivered to. */
      readonly statusReason: string | null;
      readonly runId: string | null;
      readonly hasText: boolean;
      /** It asks for a new conversation. */
      readonly isFresh: boolean;
    }
  | { readonly kind: 'run'; readonly at: number; readonly run: Run }
  /** Scheduled heartbeats that came to nothing on a UTC day; `at` is the last one. */
  | { readonly kind: 'skips'; readonly at: number; readonly counts: AgentSkips['counts'] }
  /** What was changed about the agent or the whole folder; `action` as in the audit log. */
  | {
      readonly kind: 'change';
      readonly at: number;
      readonly action: string;
      readonly actor: string;
      readonly text: string | null;
      /** The setting that it follows from, if any. */
      readonly setting: string | null;
    };

/** Where the next page of a timeline goes on: the last number of each of its sources that was shown. */
export interface TimelineCursor {
  readonly wakeup: number;
  readonly run: number;
  readonly agentActivity: number;
  readonly folderActivity: number;
  readonly skipDay: number;
}

/** What one schedule of an agent would start. */
export interface SimulatedSchedule {
  readonly agent: string;
  /** The name of a heartbeat that several agents have; null for the agent's own schedule. */
  readonly heartbeat: string | null;
  /** What keeps the agent from running at all now. */
  readonly obstacle: HoldReason | 'terminated' | null;
  /** True: fewer, if there is nothing to do. */
  readonly skipsWhenIdle: boolean;
  /** What makes it start something all the same. */
  readonly onlyIf: readonly OnlyIfKind[];
  /** The first few times, epoch ms. */
  readonly next: readonly number[];
  readonly starts: number;
  /** Heartbeats in quiet hours, among the times that were looked at. */
  readonly quiet: number;
  /** True: there are too many times to look at all of them. */
  readonly isEstimated: boolean;
  /** Of one run; null if it never ran. */
  readonly runMs: number | null;
  /** Of one run; null if it is not known. */
  readonly costMicros: number | null;
  /** A part of it, at least, is by list price. */
  readonly isListPrice: boolean;
}

/** What all schedules would start on one day. The sums leave out what is unknown of so many runs. */
export interface SimulatedDay {
  readonly date: string;
  readonly starts: number;
  readonly runMs: number;
  readonly withoutTime: number;
  readonly costMicros: number;
  readonly isListPrice: boolean;
  readonly withoutCost: number;
}

/** Heartbeats that find something in their way: `self`, the run before them; `agent`, all that the agent may run at a time. */
export interface SimulatedCollision {
  readonly agent: string;
  readonly kind: 'self' | 'agent' | 'cwd' | 'slots';
  /** The agent that is in the way, if it is a certain one. */
  readonly other: string | null;
  readonly count: number;
  readonly firstAt: number;
}

/** What the schedules of a folder would start. */
export interface Simulation {
  readonly from: number;
  readonly to: number;
  readonly slots: number;
  readonly schedules: readonly SimulatedSchedule[];
  readonly days: readonly SimulatedDay[];
  /** The most frequent first. */
  readonly collisions: readonly SimulatedCollision[];
  /** Epoch ms up to which collisions were looked for. */
  readonly collisionsUntil: number;
}
