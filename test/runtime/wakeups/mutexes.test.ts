import assert from 'node:assert/strict';
import { wakeSources } from '../../../src/runtime/model.ts';
import { countRuns, findRun } from '../../../src/runtime/store/runTable.ts';
import type { ClaimedRun } from '../../../src/runtime/wakeups/queue.ts';
import { sessionKeyOf } from '../../../src/runtime/wakeups/sessionKey.ts';
import { Chance } from '../../support/chance.ts';
import { makePolicy } from '../../support/policies.ts';
import { TestDispatch } from '../../support/testDispatch.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const many = { heartbeat: makePolicy({ maxConcurrentRuns: 9 }), shareCwd: true };

describe('The mutexes of a run', () => {
  it('hold a run while another one has its session open, though their scopes differ', async () => {
    await using fixture = await WakeFixture.open(many);
    const dispatch = new TestDispatch(fixture);
    const byHand = fixture.ask({ source: 'on_demand' }).runId ?? '';
    const byEvent = fixture.ask({ source: 'automation' }).runId ?? '';
    const ofTask = fixture.ask({ source: 'automation', taskKey: 'release' }).runId ?? '';
    const ofOther = fixture.ask({ agent: 'b', source: 'automation' }).runId ?? '';

    await dispatch.pass();
    assert.deepEqual(dispatch.running, [byHand, ofTask, ofOther]);
    assert.equal(findRun(fixture.store, byEvent)?.heldFor, 'session_busy');

    await dispatch.end(ofTask);
    assert.equal(findRun(fixture.store, byEvent)?.status, 'queued');
    await dispatch.end(byHand);
    assert.deepEqual(dispatch.running, [ofOther, byEvent]);
  });

  it('let as many runs go with a provider as it has room for, of whatever agents', async () => {
    await using fixture = await WakeFixture.open({ ...many, provider: 'acme', providerSlots: 2 });
    const dispatch = new TestDispatch(fixture);
    const wakes = [
      { agent: 'a', taskKey: '1' },
      { agent: 'b', taskKey: '1' },
      { agent: 'a', taskKey: '2' },
    ];
    const [first = '', second = '', third = ''] = wakes.map((wake) => fixture.ask(wake).runId ?? '');

    await dispatch.pass();
    assert.deepEqual(dispatch.running, [first, second]);
    assert.equal(findRun(fixture.store, third)?.heldFor, 'provider_busy');

    await dispatch.end(second);
    assert.deepEqual(dispatch.running, [first, third]);
  });

  it('never let two runs have one scope or one session, whatever comes and ends in whatever order', async () => {
    for (const seed of [1, 2, 3]) {
      const chance = new Chance(seed);
      await using fixture = await WakeFixture.open(many);
      const dispatch = new TestDispatch(fixture, { slots: 6 });
      for (let step = 0; step < 150; step += 1) {
        if (dispatch.running.length > 0 && chance.is(0.4)) {
          await dispatch.end(dispatch.running[chance.between(0, dispatch.running.length - 1)] ?? '');
        } else {
          const taskKey = chance.pick(null, null, 'x', 'y', 'schedule:a', 'heartbeat:daily');
          fixture.ask({ agent: chance.pick('a', 'b'), source: chance.pick(...wakeSources), taskKey });
          await dispatch.pass();
        }
        assertAlone(dispatch, (run) => `${run.agent} ${run.taskKey}`);
        assertAlone(dispatch, (run) => `${run.agent} ${sessionKeyOf(run.taskKey)}`);
      }
      while (dispatch.running.length > 0) await dispatch.end(dispatch.running[0] ?? '');
      assert.deepEqual([countRuns(fixture.store, 'a', 'queued'), countRuns(fixture.store, 'b', 'queued')], [0, 0]);
    }
  });
});

function assertAlone(dispatch: TestDispatch, toKey: (run: ClaimedRun['run']) => string): void {
  const keys = dispatch.claimed.map(({ run }) => toKey(run));
  assert.equal(new Set(keys).size, keys.length, keys.join(', '));
}
