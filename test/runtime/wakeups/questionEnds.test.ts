import assert from 'node:assert/strict';
import { eraseIssue, eraseRuns } from '../../../src/runtime/store/deletion.ts';
import { findQuestion, insertQuestion, listPendingQuestions } from '../../../src/runtime/store/questionTable.ts';
import { listRunFacts } from '../../../src/runtime/store/retentionTable.ts';
import { findRun, setRunStalled, setRunWaiting, type Settlement } from '../../../src/runtime/store/runTable.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const settlement = { exitCode: null, signal: null, message: null, setback: null, logBytes: 0, finishedAt: 5 } as const;
const noOutput = { stdoutExcerpt: '', stderrExcerpt: '' };

/** A running run that waits for the answer to a question `Q`. */
async function openWaiting(): Promise<{ fixture: WakeFixture; runId: string }> {
  const fixture = await WakeFixture.open();
  const runId = fixture.ask({ taskKey: 'task' }).runId ?? '';
  fixture.queue.claim(runId, { commandLine: 'true', cwd: '/' });
  fixture.state.commit((transaction) => {
    const about = { runId, agent: 'a', taskKey: 'task', issueId: 'I' };
    insertQuestion(transaction, { id: 'Q', ...about, text: 'Which?', choices: ['x'], askedAt: 1 });
    setRunWaiting(transaction, runId, 2);
    setRunStalled(transaction, runId, 3);
  });
  return { fixture, runId };
}

describe('The question of a run that ends', () => {
  const ends: [Pick<Settlement, 'status' | 'errorCode'>, 'pending' | 'withdrawn'][] = [
    [{ status: 'succeeded', errorCode: null }, 'pending'],
    [{ status: 'failed', errorCode: 'process_lost' }, 'pending'],
    [{ status: 'timed_out', errorCode: 'timeout' }, 'pending'],
    [{ status: 'cancelled', errorCode: 'cancelled_by_stop' }, 'pending'],
    [{ status: 'cancelled', errorCode: 'cancelled_by_user' }, 'withdrawn'],
  ];
  for (const [end, expected] of ends) {
    it(`is ${expected} after ${end.errorCode ?? end.status}, and the run waits no longer`, async () => {
      const { fixture, runId } = await openWaiting();
      await using _fixture = fixture;
      fixture.queue.settle(runId, { ...settlement, ...noOutput, ...end });
      const run = findRun(fixture.store, runId);
      assert.equal(findQuestion(fixture.store, 'Q')?.status, expected);
      assert.deepEqual([run?.waitingSince, run?.stalledSince], [null, null]);
    });
  }

  it('keeps its run from being pruned while it is pending, and goes with it', async () => {
    const { fixture, runId } = await openWaiting();
    await using _fixture = fixture;
    fixture.queue.settle(runId, { ...settlement, ...noOutput, status: 'succeeded', errorCode: null });
    assert.equal(listRunFacts(fixture.store, 0, 10).find(({ id }) => id === runId)?.hasWaiting, true);
    fixture.state.commit((transaction) => {
      eraseRuns(transaction, [runId]);
    });
    assert.equal(findQuestion(fixture.store, 'Q'), undefined);
    fixture.state.commit((transaction) => {
      const about = { runId: 'R', agent: 'a', taskKey: 'task', issueId: 'I', text: 'Again?', choices: [], askedAt: 1 };
      insertQuestion(transaction, { id: 'Q2', ...about });
    });
    assert.deepEqual(
      listPendingQuestions(fixture.store, { limit: 10 }).map(({ id, number }) => [id, number]),
      [['Q2', 2]],
      'no number is given twice',
    );
    fixture.state.commit((transaction) => {
      eraseIssue(transaction, 'I');
    });
    assert.equal(findQuestion(fixture.store, 'Q2'), undefined);
  });
});
