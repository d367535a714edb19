import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import { actorOf, type Audit, type AuditEntry } from '../governance/audit.ts';
import type { Issue } from '../model.ts';
import type { ClientContext } from '../serverClient.ts';
import { findAgent } from '../store/agentTable.ts';
import { findIssue } from '../store/issueTable.ts';
import type { StateTransaction, StateWriter } from '../store/stateWriter.ts';
import type { Reader, Store } from '../store/store.ts';
import { causeOf } from '../wakeups/actingRun.ts';
import { wakesOf, type IssueEvent } from '../wakeups/issueEvents.ts';
import type { Admission, WakeQueue } from '../wakeups/queue.ts';
import type { WakeDesk, WakeOutcome } from '../wakeups/wakeDesk.ts';
import { assertTrusted, unknownIssue } from './agentRequests.ts';

/** What acts on issues work with. */
export interface IssueActOptions {
  readonly store: Store;
  readonly state: StateWriter;
  readonly queue: WakeQueue;
  readonly desk: WakeDesk;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** What an act changes, within its transaction. */
export interface IssueAct<T> {
  readonly value: T;
  readonly events: readonly IssueEvent[];
}

/** A wake that an act made. */
export type ActWake = WakeOutcome & { readonly agent: string };

/**
 * Carries out what a person or an agent does to issues: what `work` changes, and the wakes that follow from its events, are one
 * transaction. Resolves when it is durable and what may start was started.
 * @throws UserError of kind `trust` if somebody would be woken and the window is in Restricted Mode; nothing is changed then
 */
export async function act<T>(
  options: IssueActOptions,
  client: ClientContext,
  work: (transaction: StateTransaction) => IssueAct<T>,
): Promise<{ readonly value: T; readonly wakes: readonly ActWake[] }> {
  const { state, desk } = options;
  const { value, admissions } = state.commit((transaction) => {
    const done = work(transaction);
    return { value: done.value, admissions: wakeFor(options, transaction, done.events, client) };
  });
  await desk.settleRequests();
  return { value, wakes: admissions.map(([agent, admission]) => ({ agent, ...desk.explain(admission) })) };
}

/** Makes the wakes that follow from events, as part of the caller's transaction; call `settleRequests` after it. */
export function wakeFor(
  { desk, audit }: Pick<IssueActOptions, 'desk' | 'audit'>,
  transaction: StateTransaction,
  events: readonly IssueEvent[],
  client: ClientContext,
): (readonly [agent: string, Admission])[] {
  const { run } = client;
  const isAgent = (key: string): boolean => findAgent(transaction, key) !== undefined;
  const { wakes, beyond } = wakesOf(events, { actor: run?.agent ?? null, isAgent });
  if (wakes.length > 0) assertTrusted(client);
  const by = actorOf(client);
  const [first] = events;
  if (beyond > 0 && first) {
    const details = { reason: 'fan_out', wakes: beyond };
    audit.record(transaction, about(first.issue, { actor: by, action: 'wake.requested', result: 'refused', details }));
  }
  const cause = run === null ? null : causeOf(transaction, run.id);
  const author = run === null ? 'user' : 'agent';
  return wakes.map((wake) => {
    const request = { ...wake, taskKey: null, idempotencyKey: null, author, cause } as const;
    return [wake.agent, desk.request(transaction, request, by)];
  });
}

/** An entry about an issue. */
export function about(issue: Pick<Issue, 'id'>, entry: Omit<AuditEntry, 'target'>): AuditEntry {
  return { target: `issue:${issue.id}`, ...entry };
}

/** Who did something, and in which run: part of an entry. */
export function doneBy(client: ClientContext): Pick<AuditEntry, 'actor' | 'runId'> {
  return { actor: actorOf(client), runId: client.run?.id ?? null };
}

/** @throws UserError of kind `not_found` */
export function requireIssue(reader: Reader, id: string): Issue {
  const issue = findIssue(reader, id);
  if (!issue) throw unknownIssue();
  return issue;
}

/** @throws UserError of kind `not_found` */
export function requireKnownAgent(reader: Reader, key: string): void {
  if (findAgent(reader, key)) return;
  throw new UserError('not_found', `There is no agent "${key}" in the configuration.`);
}
