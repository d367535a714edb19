import assert from 'node:assert/strict';
import { insertIssue, findIssue } from '../../../src/runtime/store/issueTable.ts';
import type { Settlement } from '../../../src/runtime/store/runTable.ts';
import { backoffMs, decideNextAttempt, isDelayed, type EndedAttempt } from '../../../src/runtime/wakeups/attempts.ts';
import { NamedHeartbeats } from '../../../src/runtime/wakeups/namedHeartbeats.ts';
import { findHeartbeatRun } from '../../../src/runtime/store/heartbeatTable.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { limited, lost, makeRequest, transient, WakeFixture } from '../../support/wakeFixture.ts';

type Part = Partial<Omit<EndedAttempt, 'settlement' | 'run'>> & {
  readonly settlement: Partial<Settlement>;
  readonly attempt?: number;
  readonly isCancelling?: boolean;
};

function decide({
  settlement,
  attempt = 1,
  isCancelling = false,
  ...part
}: Part): ReturnType<typeof decideNextAttempt> {
  const ended = { status: 'failed', errorCode: null, setback: null, finishedAt: 1000, ...settlement } as const;
  const rest = { retries: 2, isResumable: false, lostBefore: 0, limitedBefore: 0, limitedUntil: null, random: 0.5 };
  return decideNextAttempt({ ...rest, ...part, run: { attempt, isCancelling }, settlement: ended });
}

describe('the next attempt', () => {
  const first = { attempt: 2, notBefore: 31_000 };
  const cases: [string, Part, ReturnType<typeof decide>][] = [
    ['follows a transient failure after 30 s', { settlement: transient }, first],
    ['follows later the more there were', { settlement: transient, attempt: 2 }, { attempt: 3, notBefore: 61_000 }],
    ['does not follow the last one', { settlement: transient, attempt: 3 }, null],
    ['does not follow where none is wanted', { settlement: transient, retries: 0 }, null],
    ['does not follow a success', { settlement: { ...transient, status: 'succeeded' } }, null],
    ['does not follow what was cancelled', { settlement: { ...transient, status: 'cancelled' } }, null],
    ['does not follow what was to be cancelled', { settlement: transient, isCancelling: true }, null],
    ['does not follow another failure', { settlement: { errorCode: 'exit_code' } }, null],
    ['does not follow a loss', { settlement: lost }, null],
    ['follows a loss at once', { settlement: lost, isResumable: true }, { attempt: 2, notBefore: null }],
    ['does not follow a second loss', { settlement: lost, isResumable: true, lostBefore: 1 }, null],
    ['does not follow a loss where none is wanted', { settlement: lost, isResumable: true, retries: 0 }, null],
    [
      'is the same one after a limit',
      { settlement: limited(9000), limitedUntil: 9000, retries: 0 },
      { attempt: 1, notBefore: 9000 },
    ],
    ['does not follow the 20th limit', { settlement: limited(9000), limitedUntil: 9000, limitedBefore: 20 }, null],
  ];
  for (const [what, part, expected] of cases) {
    it(what, () => {
      assert.deepEqual(decide(part), expected);
    });
  }

  it('backs off twice as long each time, by chance a fifth less or more, at most 15 minutes', () => {
    assert.deepEqual(
      [1, 2, 5, 6, 10].map((attempt) => backoffMs(attempt, 0.5)),
      [30_000, 60_000, 480_000, 900_000, 900_000],
    );
    assert.deepEqual(
      [0, 1].map((random) => backoffMs(1, random)),
      [24_000, 36_000],
    );
    assert.equal(backoffMs(6, 1), 900_000);
  });

  it('is delayed until its time, but not by a clock that was set back before it was queued', () => {
    const run = { queuedAt: 1_000_000, notBefore: 1_030_000 };
    const delayed = [1_000_000, 1_029_999, 1_030_000, 945_000, 900_000].map((now) => isDelayed(run, now));
    assert.deepEqual(delayed, [true, true, false, true, false]);
    assert.equal(isDelayed({ ...run, notBefore: null }, 0), false);
  });
});

describe('a chain of attempts', () => {
  it('keeps its wakes open until its last attempt ends, which ends them', async () => {
    await using fixture = await WakeFixture.open();
    const first = fixture.ask({ text: 'one' }).runId ?? '';
    fixture.ask({ text: 'two' });

    const failed = fixture.end(first, transient);
    const second = fixture.onlyQueued;
    assert.deepEqual(fixture.wakeups(), ['queued', 'queued']);
    fixture.end(second.id, transient);
    const third = fixture.onlyQueued;
    fixture.end(third.id, transient);

    assert.deepEqual(fixture.queued, []);
    assert.deepEqual(fixture.wakeups(), ['failed', 'failed']);
    assert.deepEqual([second.chainId, second.attempt, third.chainId, third.attempt], [first, 2, first, 3]);
    assert.deepEqual([second.notBefore, third.notBefore], [fixture.clock.now() + 30_000, fixture.clock.now() + 60_000]);
    assert.match(failed.message ?? '', /^Not now\. It is tried again by itself, as attempt 2 of 3\.$/);
    assert.match(fixture.run(third.id).message ?? '', /^Not now\. To run it again, wake a\.$/);
  });

  it('keeps source, priority and reason, and says in the audit log what follows', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      insertIssue(transaction, { ...sampleIssue(1), status: 'todo', priority: 'urgent' });
    });
    const first = fixture.ask({ issueId: 'issue-1', source: 'assignment', reason: 'assigned' }).runId ?? '';

    fixture.end(first, transient);

    const { id, source, reason, priority, heldFor } = fixture.onlyQueued;
    assert.deepEqual([source, reason, priority, heldFor], ['assignment', 'assigned', 0, 'retry']);
    const [details] = fixture.store.get(`SELECT details FROM activity WHERE action = 'run.settled'`) ?? [];
    assert.equal((JSON.parse(String(details)) as { retry: string }).retry, id);
  });

  it('takes in what came meanwhile, in order', async () => {
    await using fixture = await WakeFixture.open();
    const first = fixture.ask({ text: 'one', source: 'automation', author: 'runtime', taskKey: 't' }).runId ?? '';
    fixture.queue.claim(first, { commandLine: '', cwd: '/' });
    fixture.ask({ text: 'two', source: 'automation', author: 'runtime', taskKey: 't' });
    fixture.settle(first, transient);

    const claimed = fixture.queue.claim(fixture.onlyQueued.id, { commandLine: '', cwd: '/' });

    assert.deepEqual(
      claimed?.wakeups.map(({ text }) => text),
      ['one', 'two'],
    );
    assert.equal(claimed.run.notBefore, fixture.clock.now() + 30_000);
  });

  it('does not let a person or new work wait for the next try, but anything else', async () => {
    for (const [part, isHastened] of [
      [{ source: 'on_demand', author: 'user' }, true],
      [{ source: 'assignment', author: 'agent' }, true],
      [{ source: 'automation', author: 'agent' }, false],
      [{ source: 'timer', author: 'runtime' }, false],
    ] as const) {
      for (const isBefore of [true, false]) {
        await using fixture = await WakeFixture.open();
        const first = fixture.ask({ taskKey: 't', source: 'automation', author: 'runtime' }).runId ?? '';
        fixture.queue.claim(first, { commandLine: '', cwd: '/' });
        if (isBefore) fixture.ask({ taskKey: 't', ...part });
        fixture.settle(first, transient);
        if (!isBefore) fixture.ask({ taskKey: 't', ...part });
        assert.equal(fixture.onlyQueued.notBefore === null, isHastened, `${part.source} ${String(isBefore)}`);
      }
    }
  });

  it('ends when its waiting attempt is discarded, or its running one cancelled', async () => {
    await using fixture = await WakeFixture.open();
    fixture.end(fixture.ask({ taskKey: '1' }).runId ?? '', transient);
    fixture.queue.discard(fixture.onlyQueued.id, 'Not wanted.');
    fixture.end(fixture.ask({ taskKey: '2' }).runId ?? '', transient);
    const running = fixture.onlyQueued.id;
    fixture.queue.claim(running, { commandLine: '', cwd: '/' });
    fixture.state.commit((transaction) => fixture.queue.askForEnd(transaction, running, 'user:cli'));
    fixture.settle(running, transient);

    assert.deepEqual(fixture.queued, []);
    assert.deepEqual(fixture.wakeups(), ['cancelled', 'failed']);
  });

  it('works on its issue until its end, also if that is a discarded attempt', async () => {
    await using fixture = await WakeFixture.open();
    fixture.state.commit((transaction) => {
      insertIssue(transaction, { ...sampleIssue(1), status: 'todo' });
    });
    const status = (): string | undefined => findIssue(fixture.store, 'issue-1')?.status;
    fixture.end(fixture.ask({ issueId: 'issue-1' }).runId ?? '', transient);
    assert.equal(status(), 'in_progress');

    fixture.queue.discard(fixture.onlyQueued.id, 'Not wanted.');

    assert.equal(status(), 'todo');
  });

  it('is one part of a named heartbeat, whose outcome is that of the last attempt', async () => {
    await using fixture = await WakeFixture.open();
    const { state, queue, store, clock } = fixture;
    const request = makeRequest({ source: 'timer', text: 'goal', taskKey: 'heartbeat:h', author: 'runtime' });
    state.commit((transaction) => {
      const trigger = { id: 'beat', name: 'h', plannedAt: 1, at: 1, missed: 0, requests: [request], passedOver: [] };
      new NamedHeartbeats(fixture.audit).trigger(transaction, trigger, (one) => queue.admit(transaction, one));
    });
    const outcome = () => findHeartbeatRun(store, 'beat')?.parts[0]?.outcome;
    fixture.end(fixture.onlyQueued.id, transient);
    assert.equal(outcome(), null);

    clock.tick(30_000);
    fixture.end(fixture.onlyQueued.id);

    assert.equal(outcome(), 'succeeded');
    assert.notEqual(findHeartbeatRun(store, 'beat')?.completedAt, null);
  });

  it('goes on once, at once, after a loss that the agent bears', async () => {
    await using fixture = await WakeFixture.open({ resumable: true, retries: 10 });
    fixture.end(fixture.ask().runId ?? '', lost);
    const second = fixture.onlyQueued;
    assert.deepEqual([second.attempt, second.notBefore], [2, null]);

    fixture.end(second.id, lost);

    assert.deepEqual(fixture.queued, []);
    assert.deepEqual(fixture.wakeups(), ['failed']);
  });

  it('is no longer for an attempt that never started', async () => {
    await using fixture = await WakeFixture.open();
    const first = fixture.ask().runId ?? '';
    fixture.end(first, transient);
    const second = fixture.onlyQueued.id;
    fixture.queue.claim(second, { commandLine: '', cwd: '/' });

    const never = { status: 'failed', errorCode: 'process_lost', message: 'Never started.' } as const;
    fixture.queue.settle(
      second,
      { ...fixture.run(first), stdoutExcerpt: '', stderrExcerpt: '', setback: null, finishedAt: 1, ...never },
      false,
    );

    assert.deepEqual([fixture.onlyQueued.chainId, fixture.onlyQueued.attempt], [first, 2]);
    assert.deepEqual(fixture.wakeups(), ['queued']);
  });
});
