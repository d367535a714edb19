import assert from 'node:assert/strict';
import { renderPrompt } from '../../../src/runtime/runs/prompt.ts';
import { sampleIssue } from '../../support/sampleState.ts';

const plain = { agent: 'a', role: null, goal: null, issue: null, wakeups: [] };

describe('renderPrompt', () => {
  it('says who is addressed and why it was woken', () => {
    const wakeups = [{ source: 'timer', reason: 'Scheduled for 09:00', text: null }];

    const prompt = renderPrompt({ ...plain, role: 'Keeps watch', goal: 'No surprises', wakeups });

    assert.equal(
      prompt,
      'You are the agent "a".\nRole: Keeps watch\nGoal: No surprises\n\n## Why you were woken\n\n- schedule: Scheduled for 09:00\n',
    );
  });

  it('gives every message in full and in order', () => {
    const wakeups = ['one', 'two\nlines', 'three'].map((text) => ({ source: 'on_demand', reason: 'r', text }));

    assert.match(renderPrompt({ ...plain, wakeups }), /one\n\n---\n\ntwo\nlines\n\n---\n\nthree\n$/);
  });

  it('shows the issue with its place counted from 1 and the selected text indented', () => {
    const location = { path: 'a/b.ts', startLine: 0, startCharacter: 0, endLine: 1, endCharacter: 1, text: 'x\n  y' };
    const issue = sampleIssue(7, { title: 'T', body: 'Body', priority: 'high', location });

    const prompt = renderPrompt({ ...plain, issue });

    assert.match(prompt, /## Issue #7: T\n\nPriority: high\nPlace: a\/b\.ts, lines 1 to 2\n\n {4}x\n {6}y\n\nBody\n$/);
  });
});
