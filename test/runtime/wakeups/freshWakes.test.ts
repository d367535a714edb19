import assert from 'node:assert/strict';
import { listActivity } from '../../../src/runtime/store/activityTable.ts';
import type { TakenSession } from '../../../src/runtime/store/sessionTable.ts';
import { listWaitingWakeups, listWakeupsOfRun } from '../../../src/runtime/store/wakeupTable.ts';
import { transient, WakeFixture } from '../../support/wakeFixture.ts';

const where = { commandLine: 'true', cwd: '/' };
const fresh = { taskKey: 'T', text: null, isFresh: true } as const;
const conversation = { params: { id: 'S' }, sessionId: 'S', cwd: '/', contextTokens: 9, totals: null } as const;

/** A queue whose agent `a` has had one run in the conversation `S` of the task `T`. */
async function openWithSession(): Promise<WakeFixture> {
  const fixture = await WakeFixture.open({ retries: 2 });
  fixture.end(fixture.ask({ taskKey: 'T' }).runId ?? '', { session: { kind: 'kept', isNew: true, ...conversation } });
  return fixture;
}

/** Starts a run; answers what it was given of its session. */
function begin(fixture: WakeFixture, runId: string | null | undefined): TakenSession {
  const claimed = fixture.queue.claim(runId ?? '', where);
  assert(claimed, 'The run was not to be claimed');
  return claimed.session;
}

describe('A wish to start afresh', () => {
  it('lets a run begin with nothing of its session, and only that run', async () => {
    await using fixture = await openWithSession();
    const other = fixture.ask({ taskKey: 'U' });
    assert.equal(begin(fixture, other.runId).dropped, undefined);

    const { runId } = fixture.ask(fresh);
    const { saved, dropped } = begin(fixture, runId);

    assert.deepEqual([saved, dropped?.sessionId, dropped?.runs], [null, 'S', 1]);
    fixture.settle(runId ?? '', { session: { kind: 'kept', isNew: true, ...conversation, sessionId: 'New' } });
    assert.equal(begin(fixture, fixture.ask({ taskKey: 'T' }).runId).saved?.sessionId, 'New');
  });

  for (const [name, requests] of [
    ['before', [fresh, { taskKey: 'T' }]],
    ['after', [{ taskKey: 'T' }, fresh]],
    ['between', [{ taskKey: 'T', source: 'assignment' }, fresh, { taskKey: 'T', source: 'automation' }]],
  ] as const) {
    it(`is that of all that merges with it, asked ${name} the others`, async () => {
      await using fixture = await openWithSession();
      const runs = requests.map((request) => fixture.ask(request).runId);

      const { saved } = begin(fixture, runs[0]);

      assert.equal(new Set(runs).size, 1);
      assert.equal(saved, null);
    });
  }

  it('waits behind a run that goes on though it brings nothing else, and is never merged into it', async () => {
    await using fixture = await openWithSession();
    const running = fixture.ask({ taskKey: 'T' });
    begin(fixture, running.runId);
    assert.equal(fixture.ask({ taskKey: 'T', text: null }).status, 'coalesced');

    assert.equal(fixture.ask(fresh).status, 'queued');
    fixture.settle(running.runId ?? '', { session: { kind: 'kept', isNew: false, ...conversation } });

    assert.equal(begin(fixture, fixture.onlyQueued.id).saved, null);
  });

  it('waits for a word if a person cancels what it waits for', async () => {
    await using fixture = await openWithSession();
    const running = fixture.ask({ taskKey: 'T' });
    begin(fixture, running.runId);
    fixture.ask(fresh);

    fixture.settle(running.runId ?? '', { status: 'cancelled', errorCode: 'cancelled_by_user', message: 'Cancelled.' });

    assert.equal(fixture.onlyQueued.heldFor, 'confirmation');
    assert.deepEqual(
      listWaitingWakeups(fixture.store, 'a', 'T').map(({ isFresh }) => isFresh),
      [true],
    );
  });

  it('is kept by another attempt, whatever the one before had begun', async () => {
    await using fixture = await openWithSession();
    const { runId } = fixture.ask(fresh);
    begin(fixture, runId);
    fixture.settle(runId ?? '', { ...transient, session: { kind: 'kept', isNew: true, ...conversation } });

    assert.equal(fixture.onlyQueued.attempt, 2);
    assert.equal(begin(fixture, fixture.onlyQueued.id).saved, null);
  });

  it('is kept by the run that delivers what another one never delivered', async () => {
    await using fixture = await openWithSession();
    const { runId } = fixture.ask(fresh);
    begin(fixture, runId);
    fixture.settle(runId ?? '', { status: 'failed', errorCode: 'secret_missing', message: 'Not there.' }, false);

    assert.equal(begin(fixture, fixture.onlyQueued.id).saved, null);
  });

  it('forgets the conversation for good, also where its run comes to nothing, and that of another adapter', async () => {
    await using fixture = await openWithSession();
    fixture.state.commit((transaction) => {
      transaction.run(
        `INSERT INTO session SELECT agent, task_key, 'codex_local', params, runs, created_at, updated_at, session_id, cwd,
         context_tokens, totals, last_run_id, handover FROM session`,
        [],
      );
    });
    const { runId } = fixture.ask(fresh);
    begin(fixture, runId);
    fixture.settle(runId ?? '', { status: 'failed', errorCode: 'spawn_failed', session: { kind: 'unchanged' } });

    const next = begin(fixture, fixture.ask({ taskKey: 'T' }).runId);
    assert.deepEqual([next.saved, next.other], [null, null]);
  });

  it('is told by its wakeup and in the audit log, also when an agent asked in a run', async () => {
    await using fixture = await openWithSession();
    const { runId } = fixture.ask({ ...fresh, author: 'agent', cause: { runId: 'r', hops: 3 } });
    begin(fixture, runId);

    const [wakeup] = listWakeupsOfRun(fixture.store, runId ?? '');
    assert.deepEqual([wakeup?.isFresh, wakeup?.cause], [true, { runId: 'r', hops: 3 }]);
    const claimed = listActivity(fixture.store, { limit: 10 }).find(({ action }) => action === 'run.claimed');
    assert.match(JSON.stringify(claimed), /isFresh/);
  });
});
