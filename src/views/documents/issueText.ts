import type { Translate } from '../../format.ts';
import type { FolderConnection } from '../../connection/connection.ts';
import type { Result } from '../../protocol.ts';
import type { IssueReference } from '../../protocolEntities.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Issue, IssueComment } from '../../runtime/model.ts';
import { placeText } from '../selectionText.ts';
import { issueStatusText, priorityText } from '../words.ts';

/** Comments that a document shows: the newest. */
const shownComments = 200;

/** What an issue hangs together with, and what was said about it. */
export interface IssueContext extends Omit<Result<'issue.get'>, 'issue'> {
  /** Oldest first. */
  readonly comments: readonly IssueComment[];
}

/** The document of an issue; as much of it as is known while the runtime is not there. */
export async function readIssueText(
  folder: Pick<FolderConnection, 'state' | 'request'>,
  issueId: string,
  t: Translate,
): Promise<string> {
  try {
    const { issue, ...ties } = await folder.request('issue.get', { issueId });
    const { comments } = await folder.request('issue.comments', { issueId, limit: shownComments });
    return issueText(issue, t, { ...ties, comments: comments.reverse() });
  } catch (error) {
    if (error instanceof UserError && error.kind === 'not_found') return t('This issue does not exist any more.');
    const known = folder.state?.issues.get(issueId);
    if (known === undefined) throw error;
    return issueText(known, t);
  }
}

/** An issue as a readable Markdown document. */
export function issueText(issue: Issue, t: Translate, context?: IssueContext): string {
  const lines = [
    `# #${String(issue.number)} ${issue.title}`,
    '',
    `- ${t('Status')}: ${issueStatusText(issue.status, t)}`,
    `- ${t('Priority')}: ${priorityText(issue.priority, t)}`,
    `- ${t('Assignee')}: ${issue.assignee ?? t('not assigned')}`,
    `- ${t('Created')}: ${new Date(issue.createdAt).toLocaleString()}`,
    `- ${t('Changed')}: ${new Date(issue.updatedAt).toLocaleString()}`,
  ];
  if (context !== undefined) lines.push(...tieLines(context, t));
  if (issue.location !== null) {
    lines.push(`- ${t('Place')}: ${placeText(issue.location)}`, '', ...fenced(issue.location.text));
  }
  if (issue.body !== '') lines.push('', issue.body);
  if (context !== undefined) lines.push(...commentLines(issue, context.comments, t));
  return `${lines.join('\n')}\n`;
}

function tieLines({ parent, children, blockers, blocked }: IssueContext, t: Translate): string[] {
  const ties: readonly (readonly [string, readonly IssueReference[]])[] = [
    [t('Part of'), parent === null ? [] : [parent]],
    [t('Parts'), children],
    [t('Waits for'), blockers],
    [t('Waited for by'), blocked],
  ];
  return ties
    .filter(([, issues]) => issues.length > 0)
    .map(([name, issues]) => `- ${name}: ${issues.map((one) => referenceText(one, t)).join('; ')}`);
}

function referenceText({ number, title, status }: IssueReference, t: Translate): string {
  return `#${String(number)} ${title} (${issueStatusText(status, t)})`;
}

function commentLines(issue: Issue, comments: readonly IssueComment[], t: Translate): string[] {
  if (comments.length === 0) return [];
  const left = issue.comments - comments.length;
  return [
    '',
    `## ${t('Comments')}`,
    ...(left > 0 ? ['', t('Older ones that are not shown: {0}.', left)] : []),
    ...comments.flatMap(({ author, createdAt, text }) => [
      '',
      `### ${authorText(author, t)} · ${new Date(createdAt).toLocaleString()}`,
      '',
      text,
    ]),
  ];
}

function authorText(author: string, t: Translate): string {
  return author.startsWith('agent:') ? author.slice('agent:'.length) : t('a person');
}

/** A code block whose fence is longer than any run of backticks inside it. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = '`'.repeat(longest + 1);
  return text === '' ? [] : [fence, text, fence];
}
