import assert from 'node:assert/strict';
import { findRun, listQueuedRuns, setRunPlace } from '../../../src/runtime/store/runTable.ts';
import { moveQueuedRun, placeBetween, type QueueMove } from '../../../src/runtime/wakeups/queueOrder.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

/** The task keys of what is queued, in the order in which it may start. */
const orderOf = ({ store }: WakeFixture): string =>
  listQueuedRuns(store, null, 100)
    .map(({ taskKey }) => taskKey)
    .join('');

function move(fixture: WakeFixture, taskKey: string, to: QueueMove): boolean {
  const run = listQueuedRuns(fixture.store, null, 100).find((one) => one.taskKey === taskKey);
  assert.ok(run);
  return fixture.state.commit((transaction) => moveQueuedRun(transaction, run, to));
}

async function queueOf(keys: string): Promise<WakeFixture> {
  const fixture = await WakeFixture.open();
  for (const taskKey of keys) fixture.ask({ taskKey });
  return fixture;
}

describe('a place between two others', () => {
  const key = (place: number, priority = 2) => ({ place, priority });
  const table = [
    ['halves what is between them', { before: key(10), behind: key(20) }, key(10), key(15)],
    ['is found while there is one', { before: key(10), behind: key(12) }, key(10), key(11)],
    ['is not there any more', { before: key(10), behind: key(11) }, key(10), null],
    ['stands before the first', { before: undefined, behind: key(10) }, key(10), key(9)],
    ['stands behind the last', { before: key(10), behind: undefined }, key(10), key(11)],
    ['takes the priority of what it passes, upwards', { before: key(10, 1), behind: key(7, 3) }, key(7, 3), key(6, 3)],
    [
      'takes the priority of what it passes, downwards',
      { before: key(10, 1), behind: key(7, 3) },
      key(10, 1),
      key(11, 1),
    ],
  ] as const;
  for (const [name, gap, passed, expected] of table) {
    it(name, () => {
      assert.deepEqual(placeBetween(gap, passed), expected);
    });
  }
});

describe('the order of the queue', () => {
  it('is changed by one place, and to the first', async () => {
    await using fixture = await queueOf('abcd');

    assert.equal(move(fixture, 'c', 'up'), true);
    assert.equal(orderOf(fixture), 'acbd');
    assert.equal(move(fixture, 'a', 'down'), true);
    assert.equal(orderOf(fixture), 'cabd');
    assert.equal(move(fixture, 'd', 'first'), true);
    assert.equal(orderOf(fixture), 'dcab');
    assert.deepEqual(
      [move(fixture, 'd', 'first'), move(fixture, 'd', 'up'), move(fixture, 'b', 'down')],
      [false, false, false],
    );
    assert.equal(orderOf(fixture), 'dcab');
  });

  it('keeps what comes later behind what is there, of the same priority', async () => {
    await using fixture = await queueOf('abc');
    move(fixture, 'a', 'down');
    move(fixture, 'a', 'down');
    fixture.ask({ taskKey: 'd' });

    assert.equal(orderOf(fixture), 'bcad');
  });

  it('gives a run the priority of the one that it passes', async () => {
    await using fixture = await queueOf('ab');
    const [urgent, other] = listQueuedRuns(fixture.store, null, 2);
    assert.ok(urgent && other);
    fixture.state.commit((transaction) => {
      setRunPlace(transaction, urgent.id, { priority: 0, place: urgent.place });
    });
    move(fixture, 'b', 'up');

    assert.equal(orderOf(fixture), 'ba');
    assert.equal(findRun(fixture.store, other.id)?.priority, 0);
  });

  it('is what a list that is moved about the same way has, for thousands of moves', async () => {
    const keys = 'abcdefgh';
    await using fixture = await queueOf(keys);
    const model = Array.from(keys);
    const random = seededRandom(4);
    for (let step = 0; step < 2000; step += 1) {
      const from = Math.floor(random() * model.length);
      const to = (['up', 'down', 'up', 'down', 'first'] as const)[Math.floor(random() * 5)] ?? 'up';
      const [key = ''] = model.splice(from, 1);
      model.splice(to === 'first' ? 0 : Math.max(0, from + (to === 'up' ? -1 : 1)), 0, key);
      move(fixture, key, to);
      assert.equal(orderOf(fixture), model.join(''), `step ${String(step)}: ${key} ${to}`);
    }
  }).timeout(20_000);

  it('changes nothing for a run that has started meanwhile', async () => {
    await using fixture = await queueOf('ab');
    const [, second] = listQueuedRuns(fixture.store, null, 2);
    assert.ok(second);
    fixture.queue.claim(second.id, { commandLine: '', cwd: '' });
    fixture.state.commit((transaction) => moveQueuedRun(transaction, second, 'first'));

    assert.equal(findRun(fixture.store, second.id)?.place, second.place);
    assert.equal(orderOf(fixture), 'a');
  });
});
