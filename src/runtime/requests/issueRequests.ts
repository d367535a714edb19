import { UserError } from '../errors.ts';
import type { Issue } from '../model.ts';
import type { RequestHandlers } from '../server.ts';
import type { ClientContext } from '../serverClient.ts';
import { insertBlocker, listBlocked, listBlockers, maxDepth } from '../store/issueBlockerTable.ts';
import {
  findIssue,
  insertIssue,
  listChildren,
  listIssues,
  nextIssueNumber,
  setIssueAssignee,
  setIssueStatus,
} from '../store/issueTable.ts';
import { findQueuedRunOfScope } from '../store/runTable.ts';
import type { StateTransaction } from '../store/stateWriter.ts';
import type { Reader } from '../store/store.ts';
import { listWaitingWakeups, withdrawWakeups } from '../store/wakeupTable.ts';
import { eventsOfStatus, threadOf } from '../wakeups/issueConsequences.ts';
import { isOpen } from '../wakeups/issueEvents.ts';
import {
  about,
  act,
  doneBy,
  requireIssue,
  requireKnownAgent,
  type ActWake,
  type IssueActOptions,
} from './issueActs.ts';
import { assertMayBlock } from './issueTieRequests.ts';

type IssueRequests = Pick<
  RequestHandlers,
  'issue.create' | 'issue.assign' | 'issue.setStatus' | 'issue.list' | 'issue.get'
>;
type Params<M extends keyof IssueRequests> = Parameters<IssueRequests[M]>[0];

/** Each list of `issue.get`. */
const referenceLimit = 100;

/** Requests about issues. Who is woken by what is done to one is woken in the same transaction. */
export function issueRequests(options: IssueActOptions): IssueRequests {
  const { store } = options;
  return {
    'issue.create': async (params, client) => {
      const { value, wakes } = await act(options, client, (transaction) => {
        const issue = createIssue(options, transaction, params, client);
        return { value: issue, events: [{ kind: 'assigned', issue, thread: null }] };
      });
      return { issue: requireIssue(store, value.id), wake: wakeOf(wakes) };
    },
    'issue.assign': async ({ issueId, agent }, client) => {
      const { wakes } = await act(options, client, (transaction) => {
        const issue = requireIssue(transaction, issueId);
        if (agent !== null) requireKnownAgent(transaction, agent);
        if (agent === issue.assignee) return { value: null, events: [] };
        assignIssue(options, transaction, { issue, agent }, client);
        const thread = threadOf(transaction, issue);
        return { value: null, events: [{ kind: 'assigned', issue: { ...issue, assignee: agent }, thread }] };
      });
      return { issue: requireIssue(store, issueId), wake: wakeOf(wakes) };
    },
    'issue.setStatus': async (params, client) => {
      await act(options, client, (transaction) => setStatus(options, transaction, params, client));
      return { issue: requireIssue(store, params.issueId) };
    },
    'issue.list': ({ before, limit, includeClosed }) => {
      const issues = listIssues(store, { before, limit: limit + 1, includeClosed: includeClosed ?? false });
      return { issues: issues.slice(0, limit), hasMore: issues.length > limit };
    },
    'issue.get': ({ issueId }) => {
      const issue = requireIssue(store, issueId);
      const parent = issue.parentId === null ? undefined : findIssue(store, issue.parentId);
      return {
        issue,
        parent: parent ? toReference(parent) : null,
        children: listChildren(store, issueId, referenceLimit).map(toReference),
        blockers: referencesTo(store, listBlockers(store, issueId)),
        blocked: referencesTo(store, listBlocked(store, issueId)),
      };
    },
  };
}

function createIssue(
  options: IssueActOptions,
  transaction: StateTransaction,
  params: Params<'issue.create'>,
  client: ClientContext,
): Issue {
  const { assignee = null, parentId = null, blockedBy = [] } = params;
  if (assignee !== null) requireKnownAgent(transaction, assignee);
  if (parentId !== null) assertMayHaveParts(transaction, requireIssue(transaction, parentId));
  const at = options.clock.now();
  const id = options.queue.newId();
  const number = nextIssueNumber(transaction);
  const { title, body = '', priority = 'medium', location = null } = params;
  const written = { title, body, status: 'todo', priority, assignee, location } as const;
  insertIssue(transaction, { id, number, ...written, parentId, createdAt: at, updatedAt: at });
  for (const by of new Set(blockedBy)) {
    assertMayBlock(transaction, requireIssue(transaction, id), requireIssue(transaction, by));
    insertBlocker(transaction, id, by);
  }
  transaction.touchIssue(id);
  if (parentId !== null) transaction.touchIssue(parentId);
  const text = body === '' ? title : `${title}\n\n${body}`;
  const details = { number, priority, ...(parentId !== null && { parentId }), blockers: blockedBy.length };
  const entry = { ...doneBy(client), action: 'issue.created', agent: assignee, details, text } as const;
  options.audit.record(transaction, about({ id }, entry));
  return requireIssue(transaction, id);
}

/** @throws UserError of kind `refused` where an issue can have no part */
function assertMayHaveParts(reader: Reader, parent: Issue): void {
  const name = `#${String(parent.number)}`;
  if (!isOpen(parent.status)) throw new UserError('refused', `Issue ${name} is closed. Open it again first.`);
  let depth = 1;
  for (let above = parent.parentId; above !== null; above = findIssue(reader, above)?.parentId ?? null) depth += 1;
  if (depth < maxDepth) return;
  throw new UserError('refused', `Issue ${name} lies too deep: parts of parts go ${String(maxDepth)} levels down.`);
}

/**
 * Gives an issue to another agent, or nobody. What the former one was to be told because the issue was its own is withdrawn, with
 * a queued run that has nothing else to deliver; one that runs goes on, and the new assignee's waits for it.
 */
function assignIssue(
  { queue, clock, audit }: IssueActOptions,
  transaction: StateTransaction,
  { issue, agent }: { readonly issue: Issue; readonly agent: string | null },
  client: ClientContext,
): void {
  setIssueAssignee(transaction, issue.id, agent, clock.now());
  transaction.touchIssue(issue.id);
  const details = { number: issue.number, from: issue.assignee };
  audit.record(transaction, about(issue, { ...doneBy(client), action: 'issue.assigned', agent, details }));
  if (issue.assignee === null) return;
  const scope = { agent: issue.assignee, taskKey: issue.id };
  withdrawWakeups(transaction, scope, { reason: 'reassigned', at: clock.now() });
  const queued = findQueuedRunOfScope(transaction, scope.agent, scope.taskKey);
  if (!queued || listWaitingWakeups(transaction, scope.agent, scope.taskKey).length > 0) return;
  const heir = agent === null ? 'taken from it' : `given to ${agent}`;
  queue.withdraw(transaction, queued.id, `Not started: issue #${String(issue.number)} was ${heir}.`);
}

function setStatus(
  { clock, audit }: IssueActOptions,
  transaction: StateTransaction,
  { issueId, status }: Params<'issue.setStatus'>,
  client: ClientContext,
) {
  const issue = requireIssue(transaction, issueId);
  if (status === issue.status) return { value: null, events: [] };
  setIssueStatus(transaction, issueId, status, clock.now());
  transaction.touchIssue(issueId);
  const details = { number: issue.number, from: issue.status };
  const entry = { ...doneBy(client), action: 'issue.statusSet', agent: issue.assignee, result: status } as const;
  audit.record(transaction, about(issue, { ...entry, details }));
  return { value: null, events: eventsOfStatus(transaction, issue, status) };
}

function wakeOf([wake]: readonly ActWake[]): Omit<ActWake, 'agent'> | null {
  if (!wake) return null;
  const { agent: _agent, ...outcome } = wake;
  return outcome;
}

function referencesTo(reader: Reader, ids: readonly string[]): Pick<Issue, 'id' | 'number' | 'title' | 'status'>[] {
  return ids
    .slice(0, referenceLimit)
    .flatMap((id) => findIssue(reader, id) ?? [])
    .map(toReference);
}

function toReference({ id, number, title, status }: Issue): Pick<Issue, 'id' | 'number' | 'title' | 'status'> {
  return { id, number, title, status };
}
