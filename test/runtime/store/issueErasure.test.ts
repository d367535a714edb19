import assert from 'node:assert/strict';
import { eraseIssue } from '../../../src/runtime/store/deletion.ts';
import {
  insertBlocker,
  isIssueBlocked,
  listBlocked,
  listBlockers,
} from '../../../src/runtime/store/issueBlockerTable.ts';
import { insertComment } from '../../../src/runtime/store/issueCommentTable.ts';
import { findIssue, hasIssueToDo, insertIssue } from '../../../src/runtime/store/issueTable.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const [one, two, three] = ['issue-1', 'issue-2', 'issue-3'] as const;

describe('an issue in the store', () => {
  it('leaves no row behind when it is erased: no comment, no tie in either direction, no part of it', async () => {
    await using fixture = await WakeFixture.open();
    const parts = fixture.state.commit((transaction) => {
      for (const number of [1, 2]) insertIssue(transaction, sampleIssue(number));
      insertIssue(transaction, sampleIssue(3, { parentId: one }));
      insertBlocker(transaction, one, two);
      insertBlocker(transaction, two, one);
      const said = { author: 'user:cli', runId: null, text: 't', createdAt: 1 };
      insertComment(transaction, { id: 'c1', number: 1, issueId: one, ...said });
      insertComment(transaction, { id: 'c2', number: 2, issueId: two, ...said });
      return eraseIssue(transaction, one);
    });

    const { store } = fixture;
    assert.deepEqual(parts, [three]);
    assert.deepEqual(store.all('SELECT id FROM issue_comment'), [['c2']]);
    assert.deepEqual(store.all('SELECT issue_id FROM issue_blocker'), []);
    assert.deepEqual([findIssue(store, one), findIssue(store, three)?.parentId], [undefined, null]);
  });

  it('is blocked as long as it, or what it is a part of, is marked or waits for an open one; circles of parents end', async () => {
    await using fixture = await WakeFixture.open();
    const set = (sql: string): void => {
      fixture.state.commit((transaction) => {
        transaction.run(sql);
      });
    };
    fixture.state.commit((transaction) => {
      insertIssue(transaction, sampleIssue(1));
      insertIssue(transaction, sampleIssue(2, { parentId: one }));
      insertIssue(transaction, sampleIssue(3, { parentId: two, assignee: 'a' }));
      insertIssue(transaction, sampleIssue(4));
      insertBlocker(transaction, one, 'issue-4');
    });
    const { store } = fixture;
    const seen = (): boolean[] => [isIssueBlocked(store, three), !hasIssueToDo(store, 'a')];

    assert.deepEqual(seen(), [true, true]);
    set(`UPDATE issue SET status = 'done' WHERE id = 'issue-4'`);
    assert.deepEqual(seen(), [false, false]);
    set(`UPDATE issue SET status = 'blocked' WHERE id = 'issue-2'`);
    assert.deepEqual(seen(), [true, true]);
    set(`UPDATE issue SET status = 'todo' WHERE id = 'issue-2'`);
    set(`UPDATE issue SET status = 'todo' WHERE id = 'issue-4'`);
    set(`UPDATE issue SET status = 'done' WHERE id = 'issue-1'`);
    assert.deepEqual(seen(), [false, false]);
    set(`UPDATE issue SET parent_id = 'issue-3' WHERE id = 'issue-1'`);
    assert.deepEqual(seen(), [false, false]);
    assert.deepEqual([listBlockers(store, one), listBlocked(store, 'issue-4')], [['issue-4'], [one]]);
  });
});
