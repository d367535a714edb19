import type { IssuePriority, RefusalReason, WakeAuthor, WakeSource } from '../model.ts';

/** A request to wake an agent, before the gate. */
export interface WakeRequest {
  readonly agent: string;
  readonly source: WakeSource;
  /** In a person's words. */
  readonly reason: string;
  /** Given to the agent in full. */
  readonly text: string | null;
  readonly issueId: string | null;
  readonly taskKey: string | null;
  /** Another name of the task; counts where there is no task key. */
  readonly taskId?: string | null;
  readonly idempotencyKey: string | null;
  readonly author: WakeAuthor;
  /** The run in which an agent asked for it, and through how many agents' runs that came about; null if none did. */
  readonly cause?: WakeCause | null;
  /** See `GateFacts.isForced`. Default: false. */
  readonly isForced?: boolean;
  /** The run that delivers it begins a new conversation, whatever else it delivers. Default: false. */
  readonly isFresh?: boolean;
}

/** What a wake follows from: a run, and the number of wakes in a row of which each came from a run of the one before. */
export interface WakeCause {
  readonly runId: string;
  readonly hops: number;
}

/** Wakes in a row of which each came from a run of the one before; the next one is refused. */
export const maxHops = 8;

const strength: Record<WakeSource, number> = { on_demand: 3, assignment: 2, automation: 1, timer: 0 };
const priorities: Record<IssuePriority, number> = { urgent: 0, high: 1, medium: 2, low: 3 };

/** What a session is kept for and runs are merged by: the task key, else the task, else the issue, else the schedule, else the source. */
export function taskKeyOf(request: Pick<WakeRequest, 'taskKey' | 'taskId' | 'issueId' | 'source' | 'agent'>): string {
  const named = request.taskKey ?? request.taskId ?? request.issueId;
  if (named !== null) return named;
  return request.source === 'timer' ? `schedule:${request.agent}` : request.source;
}

/** A merged run is gated and shown by its strongest source. */
export function isStronger(source: WakeSource, than: WakeSource): boolean {
  return strength[source] > strength[than];
}

/** True for a ping that brings nothing: while a run of its scope works, it need not be delivered. A fresh start is something. */
export function isBare(request: Pick<WakeRequest, 'source' | 'text' | 'issueId' | 'isFresh'>): boolean {
  const { source, text, issueId, isFresh = false } = request;
  return source === 'on_demand' && text === null && issueId === null && !isFresh;
}

/** True for a tick of a schedule for which a run is queued or works already: at most one of them is outstanding. */
export function isRepetition(
  request: Pick<WakeRequest, 'source' | 'text'>,
  of: { readonly source: WakeSource },
): boolean {
  return request.source === 'timer' && (of.source === 'timer' || request.text === null);
}

/** Whether what refuses a queued run concerns a wakeup that has joined it: another issue may be open, another source allowed. */
export function isRefusedWith(
  run: { readonly source: WakeSource; readonly issueId: string | null },
  wakeup: { readonly source: WakeSource; readonly issueId: string | null },
  reason: RefusalReason,
): boolean {
  if (reason === 'issue_closed') return wakeup.issueId === run.issueId;
  return reason === 'terminated' || wakeup.source === run.source;
}

/** The place in the queue that an issue's priority gives; without an issue as for `medium`. */
export function queuePriority(priority: IssuePriority | null): number {
  return priorities[priority ?? 'medium'];
}
