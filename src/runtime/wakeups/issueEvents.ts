import { openIssueStatuses, type Issue, type IssueStatus, type WakeSource } from '../model.ts';

/** What is told of an issue in the reason of a wake. */
export type IssueName = Pick<Issue, 'id' | 'number' | 'title'>;
/** What decides whom an event wakes. */
export type IssueFacts = IssueName & Pick<Issue, 'assignee' | 'status'>;

/** Something that happened to an issue and may wake agents. */
export type IssueEvent =
  /** Given to its assignee; `thread` is what was said about it before. */
  | { readonly kind: 'assigned'; readonly issue: IssueFacts; readonly thread: string | null }
  | { readonly kind: 'commented'; readonly issue: IssueFacts; readonly text: string; readonly author: string }
  /** Nothing stands in its way any more: `closed` are those it waited for last; none if it was marked as blocked. */
  | { readonly kind: 'unblocked'; readonly issue: IssueFacts; readonly closed: readonly IssueName[] }
  /** None of its parts is open any more. */
  | {
      readonly kind: 'childrenClosed';
      readonly issue: IssueFacts;
      readonly children: readonly (IssueName & Pick<Issue, 'status'>)[];
    }
  | { readonly kind: 'reopened'; readonly issue: IssueFacts };

/** A wake that follows from an event. */
export interface IssueWake {
  readonly agent: string;
  readonly source: WakeSource;
  readonly reason: string;
  readonly text: string | null;
  readonly issueId: string;
}

/** Agents that one comment wakes by naming them. */
const maxMentions = 5;
/** Wakes that one act makes; what it would wake beyond is only counted. */
export const maxWakes = 20;

const namedChildren = 10;
const listedChildren = 50;
const reasonLength = 500;

/**
 * Whom the events of one act wake, with what words. The agent in whose run the act was done is never woken by it: it knows. Nobody
 * is woken about a closed issue, and each agent once per issue, by the first event that concerns it.
 */
export function wakesOf(
  events: readonly IssueEvent[],
  { actor, isAgent }: { readonly actor: string | null; readonly isAgent: (key: string) => boolean },
): { readonly wakes: readonly IssueWake[]; readonly beyond: number } {
  const wakes = new Map<string, IssueWake>();
  for (const event of events) {
    // Who assigns a closed issue is told by the gate why nobody wakes.
    if (event.kind !== 'assigned' && !isOpen(event.issue.status)) continue;
    for (const wake of wakesOfEvent(event, isAgent)) {
      const key = `${wake.issueId} ${wake.agent}`;
      if (wake.agent !== actor && !wakes.has(key)) wakes.set(key, wake);
    }
  }
  const all = [...wakes.values()];
  return { wakes: all.slice(0, maxWakes), beyond: Math.max(0, all.length - maxWakes) };
}

function wakesOfEvent(event: IssueEvent, isAgent: (key: string) => boolean): IssueWake[] {
  const { issue } = event;
  const name = `issue #${String(issue.number)}`;
  switch (event.kind) {
    case 'assigned':
      return toAssignee(issue, 'assignment', `Assigned ${name}`, event.thread);
    case 'commented': {
      const by = nameOf(event.author);
      const mentioned = mentionsIn(event.text, isAgent);
      return [
        ...toAssignee(issue, 'automation', `Comment by ${by} on ${name}`, event.text),
        ...mentioned.flatMap((agent) =>
          toAssignee({ ...issue, assignee: agent }, 'automation', `Mentioned by ${by} on ${name}`, event.text),
        ),
      ];
    }
    case 'unblocked': {
      const closed = event.closed.length === 0 ? '' : ` (${numbersOf(event.closed)} closed)`;
      return toAssignee(issue, 'automation', `Not blocked any more${closed}: ${name}`, null);
    }
    case 'childrenClosed': {
      const { children } = event;
      const parts = children.length === 0 ? '' : ` (${numbersOf(children)})`;
      const lines = children
        .slice(0, listedChildren)
        .map((child) => `- #${String(child.number)} ${child.title}: ${child.status}`);
      const text = lines.length === 0 ? null : `All parts of ${name} are closed:\n\n${lines.join('\n')}`;
      return toAssignee(issue, 'automation', `No part is open any more${parts}: ${name}`, text);
    }
    case 'reopened':
      return toAssignee(issue, 'automation', `Opened again: ${name}`, null);
  }
}

function toAssignee(issue: IssueFacts, source: WakeSource, what: string, text: string | null): IssueWake[] {
  if (issue.assignee === null) return [];
  const reason = `${what}: ${issue.title}`.slice(0, reasonLength).toWellFormed();
  return [{ agent: issue.assignee, source, reason, text, issueId: issue.id }];
}

function numbersOf(issues: readonly IssueName[]): string {
  const numbers = issues.slice(0, namedChildren).map(({ number }) => `#${String(number)}`);
  return issues.length > namedChildren ? `${numbers.join(', ')}, …` : numbers.join(', ');
}

/** Who did something, in a person's words. */
export function nameOf(actor: string): string {
  return actor.startsWith('agent:') ? actor.slice('agent:'.length) : 'a person';
}

/** The agents that a text names as `@key`, in their order, without repetition; at most `maxMentions`. */
export function mentionsIn(text: string, isAgent: (key: string) => boolean): string[] {
  const found = new Set<string>();
  for (const [, word = ''] of text.matchAll(/(?<![A-Za-z0-9_@./-])@([A-Za-z0-9][A-Za-z0-9_-]{0,63})/g)) {
    // A dash or an underscore at the end may belong to the sentence.
    const key = isAgent(word) ? word : word.replace(/[-_]+$/, '');
    if (isAgent(key)) found.add(key);
    if (found.size === maxMentions) break;
  }
  return [...found];
}

/** What a change of an issue's status means for those that hang on it. */
export type StatusEffect = 'closed' | 'reopened' | 'unblocked' | 'none';

/**
 * `reopened` only for an issue that is to be worked on: one that was closed and now waits for a review, or is marked as blocked,
 * wakes nobody.
 */
export function effectOf(from: IssueStatus, to: IssueStatus): StatusEffect {
  if (isOpen(from) && !isOpen(to)) return 'closed';
  const isWork = to === 'todo' || to === 'in_progress';
  if (!isOpen(from)) return isWork ? 'reopened' : 'none';
  return from === 'blocked' && isWork ? 'unblocked' : 'none';
}

export function isOpen(status: IssueStatus): boolean {
  return openIssueStatuses.includes(status);
}

/**
 * The circle that would come about if `issueId` waited for `blockerId`: the ids from `issueId` over `blockerId` back to it; null
 * if there is none. `waitsFor` answers what an issue waits for: those that block it, and the one that it is a part of, because
 * a part waits for whatever its whole waits for. Looks at each issue once.
 */
export function findCircle(
  issueId: string,
  blockerId: string,
  waitsFor: (id: string) => readonly string[],
): string[] | null {
  const cameFrom = new Map<string, string | null>([[blockerId, null]]);
  for (const id of cameFrom.keys()) {
    if (id === issueId) return [issueId, ...pathTo(id, cameFrom)];
    for (const next of waitsFor(id)) if (!cameFrom.has(next)) cameFrom.set(next, id);
  }
  return null;
}

function pathTo(id: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let at: string | null = id; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at);
  return path;
}
