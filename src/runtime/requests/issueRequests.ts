import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import { userActor, type Actor, type Audit, type AuditEntry } from '../governance/audit.ts';
import type { Issue } from '../model.ts';
import type { RequestHandlers } from '../server.ts';
import { findAgent } from '../store/agentTable.ts';
import {
  findIssue,
  insertIssue,
  listIssues,
  nextIssueNumber,
  setIssueAssignee,
  setIssueStatus,
} from '../store/issueTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Store } from '../store/store.ts';
import type { Admission, WakeQueue } from '../wakeups/queue.ts';
import type { WakeDesk } from '../wakeups/wakeDesk.ts';
import { assertTrusted, unknownIssue } from './agentRequests.ts';

type IssueRequests = Pick<RequestHandlers, 'issue.create' | 'issue.assign' | 'issue.setStatus' | 'issue.list'>;

interface IssueRequestOptions {
  readonly store: Store;
  readonly state: StateWriter;
  readonly queue: WakeQueue;
  readonly desk: WakeDesk;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** Requests about issues. Making an assigned issue, or assigning one, wakes the agent in the same transaction. */
export function issueRequests(options: IssueRequestOptions): IssueRequests {
  const { store, state, desk, clock, audit } = options;
  return {
    'issue.create': async (params, client) => {
      if (params.assignee !== undefined) assertTrusted(client);
      const made = state.commit((transaction) => {
        const by = userActor(client);
        const issue = createIssue(options, transaction, params, by);
        return { issue, admission: wakeAssignee(options, transaction, issue, by) };
      });
      return finish(options, made);
    },
    'issue.assign': async ({ issueId, agent }, client) => {
      if (agent !== null) assertTrusted(client);
      const made = state.commit((transaction) => {
        const issue = requireIssue(transaction, issueId);
        if (agent !== null) requireAgent(transaction, agent);
        if (agent === issue.assignee) return { issue, admission: null };
        const by = userActor(client);
        setIssueAssignee(transaction, issueId, agent, clock.now());
        transaction.touchIssue(issueId);
        const details = { number: issue.number, from: issue.assignee };
        audit.record(transaction, about(issue, { actor: by, action: 'issue.assigned', agent, details }));
        return { issue, admission: wakeAssignee(options, transaction, { ...issue, assignee: agent }, by) };
      });
      return finish(options, made);
    },
    'issue.setStatus': async ({ issueId, status }, client) => {
      state.commit((transaction) => {
        const issue = requireIssue(transaction, issueId);
        setIssueStatus(transaction, issueId, status, clock.now());
        transaction.touchIssue(issueId);
        const entry = { actor: userActor(client), action: 'issue.statusSet', agent: issue.assignee } as const;
        const details = { number: issue.number, from: issue.status };
        if (status !== issue.status) audit.record(transaction, about(issue, { ...entry, result: status, details }));
      });
      await desk.settleRequests();
      return { issue: requireIssue(store, issueId) };
    },
    'issue.list': ({ before, limit, includeClosed }) => {
      const issues = listIssues(store, { before, limit: limit + 1, includeClosed: includeClosed ?? false });
      return { issues: issues.slice(0, limit), hasMore: issues.length > limit };
    },
  };
}

type CreateParams = Parameters<IssueRequests['issue.create']>[0];

function createIssue(
  options: IssueRequestOptions,
  transaction: StateTransaction,
  params: CreateParams,
  actor: Actor,
): Issue {
  if (params.assignee !== undefined) requireAgent(transaction, params.assignee);
  const at = options.clock.now();
  const issue: Issue = {
    id: options.queue.newId(),
    number: nextIssueNumber(transaction),
    title: params.title,
    body: params.body ?? '',
    status: 'todo',
    priority: params.priority ?? 'medium',
    assignee: params.assignee ?? null,
    location: params.location ?? null,
    createdAt: at,
    updatedAt: at,
  };
  insertIssue(transaction, issue);
  transaction.touchIssue(issue.id);
  const { number, priority, assignee: agent, title, body } = issue;
  const text = body === '' ? title : `${title}\n\n${body}`;
  options.audit.record(
    transaction,
    about(issue, { actor, action: 'issue.created', agent, details: { number, priority }, text }),
  );
  return issue;
}

function wakeAssignee(
  options: IssueRequestOptions,
  transaction: StateTransaction,
  issue: Issue,
  by: Actor,
): Admission | null {
  if (issue.assignee === null) return null;
  const request = {
    agent: issue.assignee,
    source: 'assignment',
    reason: `Assigned issue #${String(issue.number)}: ${issue.title}`,
    text: null,
    issueId: issue.id,
    taskKey: null,
    idempotencyKey: null,
    author: 'user',
  } as const;
  return options.desk.request(transaction, request, by);
}

function about(issue: Issue, entry: Omit<AuditEntry, 'target'>): AuditEntry {
  return { target: `issue:${issue.id}`, ...entry };
}

async function finish(
  { store, desk }: IssueRequestOptions,
  made: { readonly issue: Issue; readonly admission: Admission | null },
): Promise<{ issue: Issue; wake: ReturnType<WakeDesk['explain']> | null }> {
  await desk.settleRequests();
  const wake = made.admission === null ? null : desk.explain(made.admission);
  return { issue: requireIssue(store, made.issue.id), wake };
}

function requireIssue(reader: Pick<Store, 'all' | 'get'>, id: string): Issue {
  const issue = findIssue(reader, id);
  if (!issue) throw unknownIssue();
  return issue;
}

function requireAgent(reader: Pick<Store, 'all' | 'get'>, key: string): void {
  if (findAgent(reader, key)) return;
  throw new UserError('not_found', `There is no agent "${key}" in the configuration.`);
}
