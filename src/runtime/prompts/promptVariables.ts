import type { AgentDefinition } from '../definition.ts';
import type { Issue, WakeSource } from '../model.ts';

/** What a template is filled in with; docs/prompts.md explains each name. */
export interface PromptFacts {
  readonly definition: Pick<AgentDefinition, 'key' | 'role' | 'goal' | 'reportsTo'>;
  readonly run: {
    readonly id: string;
    readonly taskKey: string;
    readonly source: WakeSource;
    readonly reason: string;
    /** Counts from 1 within the chain of attempts. */
    readonly attempt: number;
    /** Counts from 1 within the session. */
    readonly sessionRun: number;
  };
  readonly issue: Issue | null;
  /** Absolute. */
  readonly workspaceFolder: string;
  /** True: the agent knows nothing of earlier runs. */
  readonly isFresh: boolean;
  /** What an earlier conversation about the same task came to; null if there is nothing to hand over. */
  readonly handover: string | null;
  readonly wakeups: readonly WakeNote[];
}

/** What a prompt tells of one wakeup. */
export interface WakeNote {
  readonly source: string;
  readonly reason: string;
  /** Given in full; null for a bare ping or tick. */
  readonly text: string | null;
}

/** The variables of a template by their names: a group has parts, a list has items, everything else is text or a number. */
const names = {
  agent: ['id', 'key', 'name', 'role', 'goal', 'reportsTo'],
  run: ['id', 'taskKey', 'source', 'reason', 'attempt', 'sessionRun'],
  issue: ['id', 'number', 'title', 'body', 'priority', 'status', 'path', 'startLine', 'endLine', 'text'],
  workspace: ['folder'],
  session: ['isFresh', 'handover'],
  wake: ['reasons', 'messages'],
} as const;
const lists = new Set(['wake.reasons', 'wake.messages']);
/** What Liquid knows of any list or text. */
const partsOfValues = new Set(['size', 'first', 'last']);

/** As Liquid reads it: names, numbers of items, and steps that are computed. */
type Path = readonly (string | number | readonly unknown[])[];

/** The names that templates may use. */
export const knownVariables = {
  /** Whether a path, as Liquid reads it, leads to something that a run has; computed steps are let through. */
  has(path: Path): boolean {
    const [group, part, ...rest] = path;
    if (typeof group !== 'string' || !Object.hasOwn(names, group)) return false;
    if (part === undefined || Array.isArray(part)) return true;
    if (!(names[group as keyof typeof names] as readonly unknown[]).includes(part)) return false;
    const isList = lists.has([group, part].join('.'));
    return rest.every((step) => typeof step !== 'string' || partsOfValues.has(step)) && (isList || rest.length <= 1);
  },
};

/** Says which name is unknown, and which ones there are in its place. */
export function describeUnknownVariable(path: Path): string {
  const shown = path.map((step) => (Array.isArray(step) ? '[…]' : String(step))).join('.');
  const [group] = path;
  const isGroup = typeof group === 'string' && Object.hasOwn(names, group);
  const known = isGroup
    ? names[group as keyof typeof names].map((part) => `${group}.${part}`)
    : Object.entries(names).map(([name]) => name);
  return `unknown variable "${shown}"; known are ${known.join(', ')}`;
}

/** The values of all variables; what a run does not have is null, so that `{% if issue %}` can ask for it. */
export function toPromptValues(facts: PromptFacts): Record<keyof typeof names, unknown> {
  const { definition, run, issue, workspaceFolder, isFresh, handover, wakeups } = facts;
  const { key, role, goal, reportsTo } = definition;
  return {
    agent: { id: key, key, name: key, role, goal, reportsTo },
    run,
    issue: issue && describeIssue(issue),
    workspace: { folder: workspaceFolder },
    session: { isFresh, handover },
    wake: {
      reasons: wakeups.map(({ reason }) => reason),
      messages: wakeups.flatMap(({ text }) => (text === null ? [] : [text])),
    },
  };
}

function describeIssue({ id, number, title, body, priority, status, location }: Issue): Record<string, unknown> {
  return {
    ...{ id, number, title, body, priority, status },
    path: location?.path ?? null,
    startLine: location ? location.startLine + 1 : null,
    endLine: location ? location.endLine + 1 : null,
    text: location?.text ?? null,
  };
}
