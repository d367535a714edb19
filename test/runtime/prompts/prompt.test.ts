import assert from 'node:assert/strict';
import { renderPrompt } from '../../../src/runtime/prompts/prompt.ts';
import type { PromptFacts } from '../../../src/runtime/prompts/promptVariables.ts';
import { sampleIssue } from '../../support/sampleState.ts';

const plain: PromptFacts = {
  definition: { key: 'a', role: null, goal: null, reportsTo: null },
  run: { id: 'R1', taskKey: 'T', source: 'timer', reason: 'Scheduled for 09:00', attempt: 1, sessionRun: 1 },
  issue: null,
  workspaceFolder: '/srv/project',
  isFresh: true,
  handover: null,
  wakeups: [],
};
const builtIn = { bootstrapPromptTemplate: null, promptTemplate: null };
const location = { path: 'a/b.ts', startLine: 0, startCharacter: 0, endLine: 1, endCharacter: 1, text: 'x\n  y' };
const issue = sampleIssue(7, { title: 'T', body: 'Body', priority: 'high', location });
const wakeups = [{ source: 'timer', reason: 'Scheduled for 09:00', text: null }];

describe('renderPrompt', () => {
  it('says who is addressed and why it was woken', () => {
    const definition = { ...plain.definition, role: 'Keeps watch', goal: 'No surprises' };
    assert.equal(
      renderPrompt({ ...plain, definition, wakeups }, builtIn),
      'You are the agent "a".\nRole: Keeps watch\nGoal: No surprises\n\n## Why you were woken\n\n- schedule: Scheduled for 09:00\n',
    );
  });

  it('gives every message in full and in order', () => {
    const told = ['one', 'two\nlines', 'three'].map((text) => ({ source: 'on_demand', reason: 'r', text }));
    assert.match(renderPrompt({ ...plain, wakeups: told }, builtIn), /one\n\n---\n\ntwo\nlines\n\n---\n\nthree\n$/);
  });

  it('shows the issue with its place counted from 1 and the selected text indented', () => {
    assert.match(
      renderPrompt({ ...plain, issue }, builtIn),
      /## Issue #7: T\n\nPriority: high\nPlace: a\/b\.ts, lines 1 to 2\n\n {4}x\n {6}y\n\nBody\n$/,
    );
  });

  const texts: [what: string, isFresh: boolean, templates: [string | null, string | null], first: string][] = [
    ['the first run of a conversation', true, ['first', 'later'], 'first'],
    ['a later run', false, ['first', 'later'], 'later'],
    ['the first run, with words for later ones alone', true, [null, 'later'], 'later'],
    ['a later run, with words for the first alone', false, ['first', null], 'first'],
  ];
  for (const [what, isFresh, [bootstrapPromptTemplate, promptTemplate], first] of texts) {
    it(`takes the agent's own words for ${what}, and adds why it was woken`, () => {
      const prompt = renderPrompt({ ...plain, isFresh, wakeups }, { bootstrapPromptTemplate, promptTemplate });
      assert.equal(prompt, `${first}\n\n## Why you were woken\n\n- schedule: Scheduled for 09:00\n`);
    });
  }

  it('fills in what a template names, and nothing that stands in a value', () => {
    const template = `{{ agent.name }}/{{agent.role}}: {{ issue.title }} & {{issue.path}}:{{ issue.startLine }} in {{ workspace.folder }}
{% for message in wake.messages %}{{ forloop.index }}. {{ message }}{% endfor %}`;
    const odd = sampleIssue(7, { title: '<b>&{{ agent.key }}', location });
    const told = [{ source: 'automation', reason: 'r', text: '{% raw %}"quoted" & plain' }];
    const prompt = renderPrompt({ ...plain, issue: odd, wakeups: told }, { ...builtIn, promptTemplate: template });
    assert.match(
      prompt,
      /^a\/: <b>&\{\{ agent\.key \}\} & a\/b\.ts:1 in \/srv\/project\n1\. \{% raw %\}"quoted" & plain\n\n## Why/,
    );
  });

  it('leaves the issue out of its own part where the template speaks of it, and only there', () => {
    const silent = renderPrompt({ ...plain, issue }, { ...builtIn, promptTemplate: 'Work.' });
    assert.match(silent, /## Issue #7: T/);
    const speaking = renderPrompt({ ...plain, issue }, { ...builtIn, promptTemplate: 'Do {{ issue.title }}.' });
    assert.match(speaking, /^Do T\./);
    assert.doesNotMatch(speaking, /## Issue/);
    const without = renderPrompt(plain, { ...builtIn, promptTemplate: '{% if issue %}Do{% else %}Look{% endif %}' });
    assert.match(without, /^Look\n/);
  });

  it('hands over what an earlier conversation came to, once', () => {
    const handover = 'The parser is done.';
    assert.match(
      renderPrompt({ ...plain, handover }, builtIn),
      /"a"\.\n\n## What happened before\n\nThe parser is done\.\n\n## Why/,
    );
    const own = renderPrompt({ ...plain, handover }, { ...builtIn, promptTemplate: 'Before: {{ session.handover }}' });
    assert.equal(own.split(handover).length, 2);
    assert.match(own, /^Before: The parser is done\.\n/);
  });
});
