import assert from 'node:assert/strict';
import { untranslated } from '../../../src/format.ts';
import { issueText } from '../../../src/views/documents/issueText.ts';
import { sampleIssue } from '../../support/sampleState.ts';

const reference = (number: number) => ({
  id: String(number),
  number,
  title: `T${String(number)}`,
  status: 'done' as const,
});
const comment = (number: number, author: string, text: string) => ({
  id: String(number),
  number,
  issueId: 'i',
  author,
  runId: null,
  text,
  createdAt: 0,
});

describe('the document of an issue', () => {
  it('tells what it hangs together with and what was said, in this order', () => {
    const text = issueText(sampleIssue(7, { body: 'Body', comments: 3 }), untranslated, {
      parent: reference(1),
      children: [reference(8), reference(9)],
      blockers: [reference(3)],
      blocked: [],
      comments: [comment(1, 'user:window', 'first'), comment(2, 'agent:ann', 'second')],
    });

    assert.match(
      text,
      /- Part of: #1 T1 \(done\)\n- Parts: #8 T8 \(done\); #9 T9 \(done\)\n- Waits for: #3 T3 \(done\)\n\nBody\n/,
    );
    assert.match(
      text,
      /## Comments\n\nOlder ones that are not shown: 1\.\n\n### a person · .*\n\nfirst\n\n### ann · .*\n\nsecond\n$/,
    );
    assert.doesNotMatch(text, /Waited for by/);
  });

  it('leaves out what there is nothing of', () => {
    const none = { parent: null, children: [], blockers: [], blocked: [], comments: [] };
    assert.equal(issueText(sampleIssue(7), untranslated, none), issueText(sampleIssue(7), untranslated));
  });
});
