import { UserError } from '../errors.ts';
import type { Issue, IssueComment } from '../model.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { deleteBlocker, insertBlocker, isIssueBlocked, listBlockers, maxBlockers } from '../store/issueBlockerTable.ts';
import { insertComment, listComments, nextCommentNumber } from '../store/issueCommentTable.ts';
import { findIssue, setIssueStatus } from '../store/issueTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import { waitsFor } from '../wakeups/issueConsequences.ts';
import { findCircle, isOpen, type IssueEvent } from '../wakeups/issueEvents.ts';
import { about, act, doneBy, requireIssue, type IssueAct, type IssueActOptions } from './issueActs.ts';

type IssueTieRequests = Pick<RequestHandlers, 'issue.comment' | 'issue.comments' | 'issue.block' | 'issue.unblock'>;

/** Requests about what is said of issues, and which of them waits for which. */
export function issueTieRequests(options: IssueActOptions): IssueTieRequests {
  const { store } = options;
  return {
    'issue.comment': async (params, client) => {
      const { value, wakes } = await act(options, client, (transaction) =>
        comment(options, transaction, params, client),
      );
      return { comment: value, wakes: [...wakes] };
    },
    'issue.comments': ({ issueId, before, limit }) => {
      requireIssue(store, issueId);
      const comments = listComments(store, { issueId, before, limit: limit + 1 });
      return { comments: comments.slice(0, limit), hasMore: comments.length > limit };
    },
    'issue.block': async ({ issueId, by }, client) => {
      await act(options, client, (transaction) => {
        const issue = requireIssue(transaction, issueId);
        const blocker = requireIssue(transaction, by);
        if (issue.blockedBy.includes(by)) return { value: null, events: [] };
        assertMayBlock(transaction, issue, blocker);
        insertBlocker(transaction, issueId, by);
        transaction.touchIssue(issueId);
        const details = { number: issue.number, by: blocker.number };
        const entry = { ...doneBy(client), action: 'issue.blocked', agent: issue.assignee, details } as const;
        options.audit.record(transaction, about(issue, entry));
        return { value: null, events: [] };
      });
      return { issue: requireIssue(store, issueId) };
    },
    'issue.unblock': async ({ issueId, by }, client) => {
      await act(options, client, (transaction) => unblock(options, transaction, { issueId, by }, client));
      return { issue: requireIssue(store, issueId) };
    },
  };
}

function comment(
  { queue, clock, audit }: IssueActOptions,
  transaction: StateTransaction,
  { issueId, text }: { readonly issueId: string; readonly text: string },
  client: ClientContext,
): IssueAct<IssueComment> {
  const issue = requireIssue(transaction, issueId);
  const { actor, runId = null } = doneBy(client);
  const number = nextCommentNumber(transaction);
  const id = queue.newId();
  const written = { id, number, issueId, author: actor, runId, text, createdAt: clock.now() };
  insertComment(transaction, written);
  transaction.touchIssue(issueId);
  const details = { number: issue.number, comment: number };
  audit.record(
    transaction,
    about(issue, { actor, runId, action: 'issue.commented', agent: issue.assignee, details, text }),
  );
  return { value: written, events: [{ kind: 'commented', issue, text, author: actor }] };
}

/**
 * Whether an issue may wait for another.
 * @throws UserError of kind `refused` if one of them is closed, it waits for too many, or it would be a circle, which is named
 */
export function assertMayBlock(reader: Reader, issue: Issue, blocker: Issue): void {
  for (const one of [issue, blocker]) {
    if (!isOpen(one.status)) {
      throw new UserError('refused', `Issue ${name(one)} is closed: nothing waits for it, and it waits for nothing.`);
    }
  }
  if (listBlockers(reader, issue.id).length >= maxBlockers) {
    throw new UserError(
      'refused',
      `Issue ${name(issue)} waits for ${String(maxBlockers)} others already. Take one away first.`,
    );
  }
  const circle = findCircle(issue.id, blocker.id, (id) => waitsFor(reader, id));
  if (circle === null) return;
  const names = circle.map((id) => name(findIssue(reader, id) ?? issue)).join(' → ');
  throw new UserError(
    'refused',
    `Issue ${name(issue)} cannot wait for ${name(blocker)}: they would wait for each other for ever (${names}; a part waits for whatever its whole waits for).`,
  );
}

function unblock(
  { clock, audit }: IssueActOptions,
  transaction: StateTransaction,
  { issueId, by }: { readonly issueId: string; readonly by: string | undefined },
  client: ClientContext,
): IssueAct<null> {
  const issue = requireIssue(transaction, issueId);
  const known = listBlockers(transaction, issueId);
  if (by !== undefined && !known.includes(by)) {
    throw new UserError('refused', `Issue ${name(issue)} does not wait for that issue.`);
  }
  const isMarked = by === undefined && issue.status === 'blocked';
  if (by === undefined && issue.blockedBy.length === 0 && !isMarked) {
    throw new UserError(
      'refused',
      `Issue ${name(issue)} is not blocked itself. If it does not go on, look at what it is a part of.`,
    );
  }
  const wasBlocked = isIssueBlocked(transaction, issueId);
  for (const blocker of by === undefined ? known : [by]) deleteBlocker(transaction, issueId, blocker);
  if (isMarked) setIssueStatus(transaction, issueId, 'todo', clock.now());
  transaction.touchIssue(issueId);
  const number = by === undefined ? null : (findIssue(transaction, by)?.number ?? null);
  const details = { number: issue.number, by: number };
  const entry = { ...doneBy(client), action: 'issue.unblocked', agent: issue.assignee, details } as const;
  audit.record(transaction, about(issue, entry));
  const isFree = wasBlocked && !isIssueBlocked(transaction, issueId);
  const freed: IssueEvent = { kind: 'unblocked', issue: requireIssue(transaction, issueId), closed: [] };
  return { value: null, events: isFree ? [freed] : [] };
}

function name({ number }: Pick<Issue, 'number'>): string {
  return `#${String(number)}`;
}
