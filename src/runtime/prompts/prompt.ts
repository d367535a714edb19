import type { AgentDefinition } from '../definition.ts';
import type { Issue } from '../model.ts';
import { mentions, renderTemplate } from './promptTemplate.ts';
import { toPromptValues, type PromptFacts, type WakeNote } from './promptVariables.ts';

const sourceNames: Record<string, string> = {
  timer: 'schedule',
  assignment: 'assignment',
  on_demand: 'on demand',
  automation: 'automation',
};

/** What an agent's own words are, if it has any. */
type Templates = Pick<AgentDefinition, 'bootstrapPromptTemplate' | 'promptTemplate'>;

/**
 * The text that an agent is given at its start: its own words (`bootstrapPromptTemplate` for the first run of a conversation,
 * `promptTemplate` for later ones; with one of them alone, that one for both) or the built-in ones; what an earlier conversation
 * came to; the issue, unless its own words speak of it; and why it was woken, with every message addressed to it since its last
 * run, in full and in order. Throws an `Error` for a template that cannot be rendered.
 */
export function renderPrompt(facts: PromptFacts, templates: Templates): string {
  const template = chooseTemplate(templates, facts.isFresh);
  const parts = [template === null ? introduce(facts) : renderTemplate(template, toPromptValues(facts)).trim()];
  const isSaid = (variable: string): boolean => template !== null && mentions(template, variable);
  if (facts.handover !== null && !isSaid('session')) parts.push(`## What happened before\n\n${facts.handover}`);
  parts.push(explainWake(facts.wakeups));
  if (facts.issue && !isSaid('issue')) parts.push(renderIssue(facts.issue));
  const messages = facts.wakeups.flatMap(({ text }) => (text === null ? [] : [text]));
  if (messages.length > 0) parts.push(`## Messages\n\n${messages.join('\n\n---\n\n')}`);
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function chooseTemplate({ bootstrapPromptTemplate, promptTemplate }: Templates, isFresh: boolean): string | null {
  return isFresh ? (bootstrapPromptTemplate ?? promptTemplate) : (promptTemplate ?? bootstrapPromptTemplate);
}

function introduce({ definition: { key, role, goal } }: PromptFacts): string {
  const lines = [`You are the agent "${key}".`];
  if (role !== null) lines.push(`Role: ${role}`);
  if (goal !== null) lines.push(`Goal: ${goal}`);
  return lines.join('\n');
}

function explainWake(wakeups: readonly WakeNote[]): string {
  const lines = wakeups.map(({ source, reason }) => `- ${sourceNames[source] ?? source}: ${reason}`);
  return ['## Why you were woken', '', ...lines].join('\n');
}

function renderIssue(issue: Issue): string {
  const lines = [`## Issue #${String(issue.number)}: ${issue.title}`, '', `Priority: ${issue.priority}`];
  if (issue.location) {
    const { path, startLine, endLine, text } = issue.location;
    lines.push(`Place: ${path}, lines ${String(startLine + 1)} to ${String(endLine + 1)}`);
    if (text !== '') lines.push('', ...text.split('\n').map((line) => `    ${line}`));
  }
  if (issue.body !== '') lines.push('', issue.body);
  return lines.join('\n');
}
