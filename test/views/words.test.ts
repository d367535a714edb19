import assert from 'node:assert/strict';
import { untranslated } from '../../src/format.ts';
import { taskText } from '../../src/views/words.ts';
import { sampleIssue } from '../support/sampleState.ts';

describe('what a session is kept for', () => {
  const issues = new Map([['issue-3', sampleIssue(3, { title: 'Round half to even' })]]);

  for (const [taskKey, expected] of [
    ['issue-3', '#3 Round half to even'],
    ['on_demand', 'without a task: on demand'],
    ['nightly', 'nightly'],
  ] as const) {
    it(`is "${expected}" for ${taskKey}`, () => {
      assert.equal(taskText(taskKey, issues, untranslated), expected);
    });
  }
});
