import type { Issue } from '../model.ts';

/** What a prompt tells of one wakeup. */
export interface WakeNote {
  readonly source: string;
  readonly reason: string;
  readonly text: string | null;
}

const sourceNames: Record<string, string> = {
  timer: 'schedule',
  assignment: 'assignment',
  on_demand: 'on demand',
  automation: 'automation',
};

/**
 * The text that an agent is given at its start: why it was woken, the issue, and every message addressed to it since its
 * last run, in full and in order.
 */
export function renderPrompt(input: {
  readonly agent: string;
  readonly role: string | null;
  readonly goal: string | null;
  readonly issue: Issue | null;
  readonly wakeups: readonly WakeNote[];
}): string {
  const lines = [`You are the agent "${input.agent}".`];
  if (input.role !== null) lines.push(`Role: ${input.role}`);
  if (input.goal !== null) lines.push(`Goal: ${input.goal}`);
  lines.push('', '## Why you were woken', '');
  for (const { source, reason } of input.wakeups) lines.push(`- ${sourceNames[source] ?? source}: ${reason}`);
  if (input.issue) lines.push('', ...renderIssue(input.issue));
  const messages = input.wakeups.flatMap(({ text }) => (text === null ? [] : [text]));
  if (messages.length > 0) lines.push('', '## Messages', '', messages.join('\n\n---\n\n'));
  return `${lines.join('\n')}\n`;
}

function renderIssue(issue: Issue): string[] {
  const lines = [`## Issue #${String(issue.number)}: ${issue.title}`, '', `Priority: ${issue.priority}`];
  if (issue.location) {
    const { path, startLine, endLine, text } = issue.location;
    lines.push(`Place: ${path}, lines ${String(startLine + 1)} to ${String(endLine + 1)}`);
    if (text !== '') lines.push('', ...text.split('\n').map((line) => `    ${line}`));
  }
  if (issue.body !== '') lines.push('', issue.body);
  return lines;
}
