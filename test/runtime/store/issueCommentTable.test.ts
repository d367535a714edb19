import assert from 'node:assert/strict';
import {
  insertComment,
  listAllComments,
  listComments,
  maxComments,
  nextCommentNumber,
} from '../../../src/runtime/store/issueCommentTable.ts';
import type { Writer } from '../../../src/runtime/store/store.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

function add(writer: Writer, issueId: string): void {
  const number = nextCommentNumber(writer);
  const said = { author: 'user:cli', runId: null, text: `text ${String(number)}`, createdAt: number };
  insertComment(writer, { id: `c${String(number)}`, number, issueId, ...said });
}

describe('comments', () => {
  it('stay up to a thousand an issue: the oldest goes when one more is written, and no number comes again', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      add(transaction, 'other');
      for (let count = 0; count < maxComments + 2; count += 1) add(transaction, 'issue');
    });

    const { store } = fixture;
    assert.equal(store.get(`SELECT count(*) FROM issue_comment WHERE issue_id = 'issue'`)?.[0], maxComments);
    assert.equal(listComments(store, { issueId: 'issue', before: 5, limit: 9 })[0]?.number, 4);
    assert.deepEqual(
      listAllComments(store, 5, 9).map(({ number }) => number),
      [4, 1],
    );
    assert.equal(nextCommentNumber(store), maxComments + 4);
  });

  it('come newest first, page by page', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      for (let count = 0; count < 5; count += 1) add(transaction, 'issue');
    });
    const first = listComments(fixture.store, { issueId: 'issue', limit: 3 });
    const second = listComments(fixture.store, { issueId: 'issue', before: first.at(-1)?.number, limit: 3 });
    assert.deepEqual(
      [...first, ...second].map(({ text }) => text),
      ['text 5', 'text 4', 'text 3', 'text 2', 'text 1'],
    );
  });
});
