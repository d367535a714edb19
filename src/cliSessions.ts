import type { FolderConnection } from './connection/connection.ts';
import { formatRelativeTime, untranslated } from './format.ts';
import type { ListedSession } from './protocolSessions.ts';
import { UserError } from './runtime/errors.ts';

export const sessionUsage = `  sessions [agent]           what agents can go on with: task, runs, age, size
  session reset <agent> [task]  forget it, of one task (its key, or #number of its issue) or of all`;

/** What a command about sessions works with. */
interface SessionCommand {
  readonly connection: Pick<FolderConnection, 'request'>;
  /** What follows the command. */
  readonly words: readonly string[];
  /** Epoch ms. */
  readonly now: number;
  readonly print: (line: string) => void;
}

/** Commands about sessions; each answers the exit code. */
export const sessionCommands: Readonly<Record<string, (command: SessionCommand) => Promise<number>>> = {
  sessions: async ({ connection, words, now, print }) => {
    const [agent] = words;
    const sessions = await listAll(connection, agent);
    for (const session of sessions) for (const line of describeSession(session, now)) print(line);
    if (sessions.length === 0) print('No session is kept: the next run of each task starts fresh.');
    return 0;
  },
  session: async ({ connection, words, print }) => {
    const [verb, agent, task] = words;
    if (verb !== 'reset' || agent === undefined || words.length > 3)
      throw new UserError('invalid', `Say "session reset <agent> [task]".\n\n${sessionUsage}`);
    const taskKey = task === undefined ? undefined : await toTaskKey(connection, agent, task);
    const { count } = await connection.request('session.reset', { agent, ...(taskKey !== undefined && { taskKey }) });
    print(
      count === 0 ? 'There was no such session; "reveille sessions" lists them.' : `Sessions reset: ${String(count)}.`,
    );
    return count === 0 && task !== undefined ? 1 : 0;
  },
};

/** Two lines: what it is kept for, and how much there is of it. Ages are by the clock of this machine. */
function describeSession(session: ListedSession, now: number): string[] {
  const { agent, taskKey, adapter, runs, createdAt, updatedAt, contextTokens, sessionId, issue } = session;
  const task = issue === null ? taskKey : `#${String(issue.number)} ${issue.title}`;
  const facts = [
    adapter,
    `runs: ${String(runs)}`,
    `begun ${formatRelativeTime(createdAt, now, untranslated)}`,
    `last used ${formatRelativeTime(updatedAt, now, untranslated)}`,
    ...(contextTokens === null ? [] : [`tokens: ${String(contextTokens)}`]),
    ...(sessionId === null ? [] : [sessionId]),
  ];
  return [`${agent.padEnd(20)} ${oneLine(task)}`, `${''.padEnd(20)} ${oneLine(facts.join(' · '))}`];
}

/** @throws UserError of kind `not_found` for the number of an issue without a session */
async function toTaskKey(connection: SessionCommand['connection'], agent: string, task: string): Promise<string> {
  const [, number] = /^#(\d+)$/.exec(task) ?? [];
  if (number === undefined) return task;
  const found = (await listAll(connection, agent)).find(({ issue }) => issue?.number === Number(number));
  if (found) return found.taskKey;
  throw new UserError(
    'not_found',
    `${agent} has no session of issue ${task}. "reveille sessions ${agent}" lists them.`,
  );
}

async function listAll(connection: SessionCommand['connection'], agent?: string): Promise<ListedSession[]> {
  const sessions: ListedSession[] = [];
  for (;;) {
    const before = sessions.at(-1);
    const page = await connection.request('session.list', {
      ...(agent !== undefined && { agent }),
      ...(before && { before }),
    });
    sessions.push(...page.sessions);
    if (!page.hasMore || page.sessions.length === 0) return sessions;
  }
}

/** What an agent or a person wrote, without what would steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
