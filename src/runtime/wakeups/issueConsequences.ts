import type { Issue, IssueStatus } from '../model.ts';
import { isIssueBlocked, listBlocked, listBlockers } from '../store/issueBlockerTable.ts';
import { listComments } from '../store/issueCommentTable.ts';
import { findIssue, listChildren } from '../store/issueTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import { effectOf, isOpen, nameOf, type IssueEvent, type IssueName } from './issueEvents.ts';

/** Parts of an issue that are looked at to name them. */
const childrenLimit = 100;
/** Comments, and characters of them, that a new assignee is told. */
const threadComments = 20;
const threadLength = 20_000;

/** What follows from another status of an issue, after it was written. Touches whatever looks different because of it. */
export function eventsOfStatus(transaction: StateTransaction, before: Issue, to: IssueStatus): IssueEvent[] {
  const issue = { ...before, status: to };
  const effect = effectOf(before.status, to);
  if (isOpen(before.status) !== isOpen(to)) touchRelated(transaction, before);
  if (effect === 'reopened') return [{ kind: 'reopened', issue }];
  if (effect === 'unblocked') return isIssueBlocked(transaction, issue.id) ? [] : [unblocked(issue, [])];
  if (effect === 'none') return [];
  return [
    ...eventsOfFreed(transaction, listBlocked(transaction, issue.id), issue),
    ...eventsOfParent(transaction, issue),
  ];
}

/** Of issues that waited for one that is closed or gone now: those which nothing stands in the way of any more. */
export function eventsOfFreed(reader: Reader, issueIds: readonly string[], closed: IssueName): IssueEvent[] {
  return issueIds.flatMap((id) => {
    const issue = findIssue(reader, id);
    return issue && isOpen(issue.status) && !isIssueBlocked(reader, id) ? [unblocked(issue, [closed])] : [];
  });
}

/** The event that no part of an issue's parent is open, if that is so now; `issue` is the part that was closed or has gone. */
export function eventsOfParent(reader: Reader, { parentId }: Pick<Issue, 'parentId'>): IssueEvent[] {
  const parent = parentId === null ? undefined : findIssue(reader, parentId);
  if (!parent || parent.openChildren > 0) return [];
  return [{ kind: 'childrenClosed', issue: parent, children: listChildren(reader, parent.id, childrenLimit) }];
}

/** Notes that the issues look different which wait for this one or have it as a part. */
export function touchRelated(transaction: StateTransaction, issue: Pick<Issue, 'id' | 'parentId'>): void {
  for (const id of listBlocked(transaction, issue.id)) transaction.touchIssue(id);
  if (issue.parentId !== null) transaction.touchIssue(issue.parentId);
}

/** What an issue waits for: those that block it, and what it is a part of. */
export function waitsFor(reader: Reader, issueId: string): string[] {
  const parentId = findIssue(reader, issueId)?.parentId ?? null;
  return [...listBlockers(reader, issueId), ...(parentId === null ? [] : [parentId])];
}

/** What was last said about an issue, oldest first, for an agent that is new to it; null if nothing was. */
export function threadOf(reader: Reader, { id, number }: IssueName): string | null {
  let length = 0;
  const told = listComments(reader, { issueId: id, limit: threadComments })
    .map(({ author, text }) => `${nameOf(author)} wrote:\n\n${text}`)
    .filter((text) => (length += text.length) <= threadLength);
  if (told.length === 0) return null;
  return [`What was last said about issue #${String(number)}:`, ...told.reverse()].join('\n\n');
}

function unblocked(issue: Issue, closed: readonly IssueName[]): IssueEvent {
  return { kind: 'unblocked', issue, closed };
}
