import type { RuntimeFolderConnection } from './connection/folderConnection.ts';
import type { IssueReference } from './protocolEntities.ts';
import { UserError } from './runtime/errors.ts';
import { issueStatuses, type Issue, type IssueComment } from './runtime/model.ts';

/** What a command about issues works with. */
interface IssueCommand {
  readonly connection: RuntimeFolderConnection;
  /** The words after the command. */
  readonly words: readonly string[];
  readonly options: {
    readonly body?: string | undefined;
    readonly assign?: string | undefined;
    readonly parent?: string | undefined;
    readonly 'blocked-by'?: readonly string[] | undefined;
    readonly by?: string | undefined;
    readonly all: boolean;
  };
  readonly print: (line: string) => void;
}

type Run = (command: IssueCommand) => Promise<number>;

export const issueUsage = `  issues                     the open issues; --all for the closed ones too
  issue create <title>       make one; --body TEXT, --assign AGENT, --parent NUMBER, --blocked-by NUMBER (more than once)
  issue show <number>        what it is about, what it hangs together with, and what was said
  issue status <number> <status>, issue assign <number> <agent>
  comment <number> <text>    say something about an issue; its agent and each @agent named in it wake
  block <number> --by <number>, unblock <number>
                             what an issue waits for; unblock --by NUMBER takes one away, else all
                             (called within a run, all of these are done by its agent)`;

const pageLimit = 200;
const shownComments = 50;

const verbs: Readonly<Record<string, Run>> = {
  create: async ({ connection, words, options, print }) => {
    const title = required(words[1], 'a title');
    const { body, assign, parent, 'blocked-by': blockers = [] } = options;
    const parentId = parent === undefined ? null : (await issueOfNumber(connection, parent)).id;
    const blockedBy = await Promise.all(blockers.map(async (one) => (await issueOfNumber(connection, one)).id));
    const { issue, wake } = await connection.request('issue.create', {
      title,
      ...(body !== undefined && { body }),
      ...(assign !== undefined && { assignee: assign }),
      ...(parentId !== null && { parentId }),
      blockedBy,
    });
    print(describeLine(issue));
    if (wake !== null) print(wake.message);
    return 0;
  },
  show: async ({ connection, words, print }) => {
    const { id } = await issueOfNumber(connection, words[1]);
    const found = await connection.request('issue.get', { issueId: id });
    const { comments, hasMore } = await connection.request('issue.comments', { issueId: id, limit: shownComments });
    print(describeLine(found.issue));
    for (const [what, references] of [
      ['Part of', found.parent === null ? [] : [found.parent]],
      ['Parts', found.children],
      ['Waits for', found.blockers],
      ['Waited for by', found.blocked],
    ] as const) {
      if (references.length > 0) print(`${what}: ${references.map(describeReference).join('; ')}`);
    }
    if (found.issue.body !== '') print(`\n${plain(found.issue.body)}`);
    if (hasMore) print(`\n(The newest ${String(shownComments)} comments of ${String(found.issue.comments)}.)`);
    for (const comment of [...comments].reverse()) print(`\n${describeComment(comment)}`);
    return 0;
  },
  status: async ({ connection, words, print }) => {
    const { id } = await issueOfNumber(connection, words[1]);
    const status = issueStatuses.find((one) => one === words[2]);
    if (status === undefined) throw new UserError('invalid', `The status is one of ${issueStatuses.join(', ')}.`);
    const { issue } = await connection.request('issue.setStatus', { issueId: id, status });
    print(describeLine(issue));
    return 0;
  },
  assign: async ({ connection, words, print }) => {
    const { id } = await issueOfNumber(connection, words[1]);
    const agent = required(words[2], 'an agent');
    const { issue, wake } = await connection.request('issue.assign', { issueId: id, agent });
    print(describeLine(issue));
    if (wake !== null) print(wake.message);
    return 0;
  },
};

/** Commands about issues, by people and by agents in their runs; each answers the exit code. */
export const issueCommands: Readonly<Record<string, Run>> = {
  issues: async ({ connection, options, print }) => {
    let before = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const page = { before, limit: pageLimit, includeClosed: options.all };
      const { issues, hasMore } = await connection.request('issue.list', page);
      for (const issue of issues) print(describeLine(issue));
      const last = issues.at(-1);
      if (!hasMore || !last) return 0;
      before = last.number;
    }
  },
  issue: (command) => {
    const run = verbs[command.words[0] ?? ''];
    if (run) return run(command);
    throw new UserError('invalid', `Say "issue ${Object.keys(verbs).join('", "issue ')}".\n\n${issueUsage}`);
  },
  comment: async ({ connection, words, print }) => {
    const { id } = await issueOfNumber(connection, words[0]);
    const text = required(words.slice(1).join(' ') || undefined, 'a text');
    const { wakes } = await connection.request('issue.comment', { issueId: id, text });
    for (const { message } of wakes) print(message);
    if (wakes.length === 0) print('The comment is kept; it wakes nobody.');
    return 0;
  },
  block: async ({ connection, words, options, print }) => {
    const { id } = await issueOfNumber(connection, words[0]);
    const blocker = await issueOfNumber(connection, required(options.by, 'the issue that it waits for, with --by'));
    const { issue } = await connection.request('issue.block', { issueId: id, by: blocker.id });
    print(`${describeLine(issue)} · waits for #${String(blocker.number)}`);
    return 0;
  },
  unblock: async ({ connection, words, options, print }) => {
    const { id } = await issueOfNumber(connection, words[0]);
    const by = options.by === undefined ? undefined : (await issueOfNumber(connection, options.by)).id;
    const { issue } = await connection.request('issue.unblock', { issueId: id, ...(by !== undefined && { by }) });
    print(describeLine(issue));
    return 0;
  },
};

/** @throws UserError of kind `invalid` or `not_found` */
export async function issueOfNumber(connection: RuntimeFolderConnection, word: string | undefined): Promise<Issue> {
  const number = Number(required(word, 'an issue, by its number').replace(/^#/, ''));
  const page = { before: number + 1, limit: 1, includeClosed: true };
  const [issue] = Number.isSafeInteger(number) ? (await connection.request('issue.list', page)).issues : [];
  if (issue?.number !== number) throw new UserError('not_found', 'There is no issue with that number.');
  return issue;
}

function describeLine({ number, title, status, assignee, blockedBy, comments }: Issue): string {
  const parts = [status, assignee ?? 'not assigned'];
  if (blockedBy.length > 0) parts.push(`waits for issues: ${String(blockedBy.length)}`);
  if (comments > 0) parts.push(`comments: ${String(comments)}`);
  return `#${String(number)} ${plain(title)} · ${parts.join(' · ')}`;
}

/** What others wrote, without what a terminal would obey. */
function plain(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '');
}

function describeReference({ number, title, status }: IssueReference): string {
  return `#${String(number)} ${plain(title)} (${status})`;
}

function describeComment({ author, createdAt, text }: IssueComment): string {
  return `${author}, ${new Date(createdAt).toLocaleString()}:\n${plain(text)}`;
}

function required(word: string | undefined, what: string): string {
  if (word !== undefined) return word;
  throw new UserError('invalid', `Name ${what}.\n\n${issueUsage}`);
}
