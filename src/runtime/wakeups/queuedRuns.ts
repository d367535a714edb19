import { UserError } from '../errors.ts';
import type { HoldReason, IssueStatus } from '../model.ts';
import { findIssue, setIssueStatus } from '../store/issueTable.ts';
import { insertQueuedRun, nextRunNumber, setRunHold, type QueuedRun } from '../store/runTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import type { Wakeup } from '../store/wakeupTable.ts';
import { isStronger, queuePriority } from './inbox.ts';

/** What a run is queued for; its priority follows from the issue unless it is given. */
export interface RunCause extends Omit<QueuedRun, 'number' | 'priority'> {
  readonly priority?: number;
  /** Known already; the dispatcher says it later otherwise. */
  readonly heldFor?: HoldReason | null;
}

/** Queues a run, behind all others of its priority. */
export function queueRun(transaction: StateTransaction, { priority, heldFor, ...cause }: RunCause): void {
  const { id, agent, issueId } = cause;
  insertQueuedRun(transaction, {
    ...cause,
    number: nextRunNumber(transaction),
    priority: priority ?? priorityOf(transaction, issueId),
  });
  if (heldFor) setRunHold(transaction, id, heldFor);
  transaction.touchRun(id);
  transaction.touchAgent(agent);
}

/** The place in the queue that an issue gives. @throws UserError of kind `not_found` */
export function priorityOf(reader: Reader, issueId: string | null): number {
  if (issueId === null) return queuePriority(null);
  const issue = findIssue(reader, issueId);
  if (!issue) throw new UserError('not_found', 'That issue does not exist any more.');
  return queuePriority(issue.priority);
}

/** The strongest of what waits; the first of those that are equally strong. */
export function strongestOf<T extends Pick<Wakeup, 'source'>>([first, ...others]: readonly [T, ...T[]]): T {
  return others.reduce((strongest, one) => (isStronger(one.source, strongest.source) ? one : strongest), first);
}

/**
 * Moves the issue of a run on, at a time in epoch ms; answers the new status, if it has become another one. An agent that only
 * has a say in somebody else's issue moves nothing.
 */
export function advanceIssue(
  transaction: StateTransaction,
  { issueId, agent }: { readonly issueId: string | null; readonly agent: string },
  move: {
    readonly from: 'todo' | 'in_progress';
    readonly to: 'todo' | 'in_progress' | 'in_review';
    readonly at: number;
  },
): { issueStatus?: IssueStatus } {
  const issue = issueId === null ? undefined : findIssue(transaction, issueId);
  if (issueId === null || issue?.status !== move.from || (issue.assignee ?? agent) !== agent) return {};
  setIssueStatus(transaction, issueId, move.to, move.at);
  transaction.touchIssue(issueId);
  return { issueStatus: move.to };
}
