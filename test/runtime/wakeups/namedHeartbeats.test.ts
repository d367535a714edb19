import assert from 'node:assert/strict';
import type { HeartbeatRun, SettledStatus } from '../../../src/runtime/model.ts';
import { listActivity } from '../../../src/runtime/store/activityTable.ts';
import { deleteAgent, markAgentAbsent, setAgentState } from '../../../src/runtime/store/agentTable.ts';
import { listHeartbeatRuns } from '../../../src/runtime/store/heartbeatTable.ts';
import type { StateTransaction } from '../../../src/runtime/store/stateWriter.ts';
import { NamedHeartbeats, type Evaluation } from '../../../src/runtime/wakeups/namedHeartbeats.ts';
import { makeRequest, WakeFixture } from '../../support/wakeFixture.ts';

/** What a request that was refused leaves. */
const refused: Evaluation = { wakeupId: 'W', status: 'refused', refusal: 'quiet_hours', runId: null };

class Scene implements AsyncDisposable {
  readonly fixture: WakeFixture;
  readonly named: NamedHeartbeats;

  private constructor(fixture: WakeFixture) {
    this.fixture = fixture;
    this.named = new NamedHeartbeats(fixture.audit);
  }

  static async open(): Promise<Scene> {
    return new Scene(await WakeFixture.open());
  }

  /** Triggers the heartbeat for `a` and `b`; `answer` replaces what the queue says of one of them. */
  trigger(id: string, answer: (agent: string) => Evaluation | null = () => null): void {
    this.fixture.state.commit((transaction) => {
      const requests = ['a', 'b'].map((agent) =>
        makeRequest({
          agent,
          source: 'timer',
          text: 'goal',
          taskKey: 'heartbeat:daily',
          idempotencyKey: `due ${id.charAt(0)}`,
        }),
      );
      const trigger = { id, name: 'daily', plannedAt: 5, at: 7, missed: 0, requests, passedOver: [] };
      this.named.trigger(
        transaction,
        trigger,
        (request) => answer(request.agent) ?? this.fixture.queue.admit(transaction, request),
      );
    });
  }

  /** Claims the queued run of an agent; answers its id. */
  claim(agent: string): string {
    const [id] = this.fixture.store.get(`SELECT id FROM run WHERE agent = ? AND status = 'queued'`, [agent]) ?? [];
    assert.ok(this.fixture.queue.claim(String(id), { commandLine: 'x', cwd: '/' }));
    return String(id);
  }

  settle(runId: string, status: SettledStatus): void {
    const nothing = {
      exitCode: 0,
      signal: null,
      errorCode: null,
      message: null,
      setback: null,
      stdoutExcerpt: '',
      stderrExcerpt: '',
    };
    this.fixture.queue.settle(runId, { ...nothing, status, finishedAt: 20, logBytes: 9 });
  }

  change(work: (transaction: StateTransaction) => void): void {
    this.fixture.state.commit((transaction) => {
      work(transaction);
      this.named.endStranded(transaction, 30);
    });
  }

  get latest(): HeartbeatRun {
    const [latest] = listHeartbeatRuns(this.fixture.store, undefined, 1);
    assert.ok(latest);
    return latest;
  }

  get outcomes(): unknown[] {
    return this.latest.parts.map(({ outcome }) => outcome);
  }

  /** The recorded steps of the latest one, oldest first. */
  steps(action: string): { agent: string | null; result: string; details: Record<string, unknown> }[] {
    return listActivity(this.fixture.store, { runId: this.latest.id, limit: 100 })
      .filter((entry) => entry.action === `heartbeat.${action}`)
      .map(({ agent, result, details }) => ({
        agent,
        result,
        details: JSON.parse(details) as Record<string, unknown>,
      }))
      .toReversed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fixture[Symbol.asyncDispose]();
  }
}

describe('A run of a named heartbeat', () => {
  it('is completed at once where nobody starts anything', async () => {
    await using scene = await Scene.open();
    scene.trigger('H', () => refused);
    assert.deepEqual(scene.outcomes, ['quiet_hours', 'quiet_hours']);
    assert.equal(scene.latest.completedAt, 7);
    assert.deepEqual(scene.steps('completed'), [
      { agent: null, result: 'skipped', details: { succeeded: 0, started: 0, skipped: 2, durationMs: 0 } },
    ]);
  });

  it('tells which run each agent was given, and when it has become one', async () => {
    await using scene = await Scene.open();
    scene.trigger('H', (agent) => (agent === 'b' ? refused : null));
    assert.deepEqual(scene.latest.parts[0], { agent: 'a', runId: null, outcome: null });
    const runId = scene.claim('a');
    assert.deepEqual(scene.latest.parts[0], { agent: 'a', runId, outcome: null });
    assert.deepEqual(scene.steps('evaluated'), [
      { agent: 'a', result: 'accepted', details: { run: runId } },
      { agent: 'b', result: 'quiet_hours', details: {} },
    ]);
    assert.deepEqual(scene.steps('executed'), [{ agent: 'a', result: 'started', details: { run: runId } }]);
    assert.equal(scene.latest.completedAt, null);
  });

  const rows: readonly (readonly [SettledStatus, SettledStatus, string, number])[] = [
    ['succeeded', 'succeeded', 'succeeded', 2],
    ['succeeded', 'failed', 'failed', 1],
    ['timed_out', 'succeeded', 'failed', 1],
    ['cancelled', 'cancelled', 'failed', 0],
  ];
  for (const [first, second, result, succeeded] of rows) {
    it(`is ${result} when its runs are ${first} and ${second}`, async () => {
      await using scene = await Scene.open();
      scene.trigger('H');
      scene.settle(scene.claim('a'), first);
      assert.equal(scene.latest.completedAt, null, 'the other one goes on');
      scene.settle(scene.claim('b'), second);
      assert.deepEqual(scene.outcomes, [first, second]);
      const details = { succeeded, started: 2, skipped: 0, durationMs: 13 };
      assert.deepEqual(scene.steps('completed'), [{ agent: null, result, details }]);
    });
  }

  it('does not wait for what an earlier one asked for already', async () => {
    await using scene = await Scene.open();
    scene.trigger('H1');
    scene.trigger('H2');
    assert.deepEqual(scene.outcomes, ['duplicate', 'duplicate']);
    assert.equal(scene.latest.completedAt, 7);
  });
});

describe('The part of an agent that has gone', () => {
  const ways: readonly (readonly [string, (transaction: StateTransaction) => void])[] = [
    ['was taken out of the configuration', (transaction) => markAgentAbsent(transaction, 'a')],
    ['was terminated', (transaction) => setAgentState(transaction, 'a', 'terminated', null)],
    ['was deleted', (transaction) => deleteAgent(transaction, 'a')],
  ];
  for (const [what, remove] of ways) {
    it(`ends when it ${what}, and the rest goes on`, async () => {
      await using scene = await Scene.open();
      scene.trigger('H');
      scene.change(() => undefined);
      assert.deepEqual(scene.outcomes, [null, null], 'nobody has gone yet');
      scene.change(remove);
      assert.deepEqual(scene.outcomes, ['agent_removed', null]);
      scene.settle(scene.claim('b'), 'succeeded');
      const details = { succeeded: 1, started: 1, skipped: 1, durationMs: 13 };
      assert.deepEqual(scene.steps('completed'), [{ agent: null, result: 'succeeded', details }]);
    });
  }

  it('goes on while its run does', async () => {
    await using scene = await Scene.open();
    scene.trigger('H');
    const runId = scene.claim('a');
    scene.change((transaction) => markAgentAbsent(transaction, 'a'));
    assert.deepEqual(scene.outcomes, [null, null]);
    scene.settle(runId, 'succeeded');
    assert.deepEqual(scene.outcomes, ['succeeded', null]);
  });

  it('is lost where only what it stood for has gone', async () => {
    await using scene = await Scene.open();
    scene.trigger('H', (agent) => (agent === 'b' ? refused : null));
    scene.change((transaction) => {
      transaction.run('DELETE FROM wakeup');
    });
    assert.deepEqual(scene.outcomes, ['lost', 'quiet_hours']);
    assert.equal(scene.latest.completedAt, 30);
  });

  it('is ended with the run that is discarded, as after a restored backup', async () => {
    await using scene = await Scene.open();
    scene.trigger('H');
    for (const [id] of scene.fixture.store.all('SELECT id FROM run')) {
      scene.fixture.queue.discard(String(id), 'It was restored.');
    }
    assert.deepEqual(scene.outcomes, ['cancelled', 'cancelled']);
    assert.notEqual(scene.latest.completedAt, null);
  });
});
