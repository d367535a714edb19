import type { Translate } from '../../format.ts';
import type { Issue } from '../../runtime/model.ts';
import { placeText } from '../selectionText.ts';
import { issueStatusText, priorityText } from '../words.ts';

/** An issue as a readable Markdown document. */
export function issueText(issue: Issue, t: Translate): string {
  const lines = [
    `# #${String(issue.number)} ${issue.title}`,
    '',
    `- ${t('Status')}: ${issueStatusText(issue.status, t)}`,
    `- ${t('Priority')}: ${priorityText(issue.priority, t)}`,
    `- ${t('Assignee')}: ${issue.assignee ?? t('not assigned')}`,
    `- ${t('Created')}: ${new Date(issue.createdAt).toLocaleString()}`,
    `- ${t('Changed')}: ${new Date(issue.updatedAt).toLocaleString()}`,
  ];
  if (issue.location !== null) {
    lines.push(`- ${t('Place')}: ${placeText(issue.location)}`, '', ...fenced(issue.location.text));
  }
  if (issue.body !== '') lines.push('', issue.body);
  return `${lines.join('\n')}\n`;
}

/** A code block whose fence is longer than any run of backticks inside it. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = '`'.repeat(longest + 1);
  return text === '' ? [] : [fence, text, fence];
}
