import assert from 'node:assert/strict';
import { ChangeHistory } from '../../src/runtime/changeHistory.ts';

function historyOf(...sequences: number[]): ChangeHistory {
  const history = new ChangeHistory();
  for (const [index, sequence] of sequences.entries()) {
    history.add({ sequence, previous: sequences[index - 1] ?? 0, changes: [] }, 100);
  }
  return history;
}

function sequencesSince(history: ChangeHistory, sequence: number): number[] | null {
  return history.since(sequence)?.map((batch) => batch.sequence) ?? null;
}

describe('ChangeHistory', () => {
  it('returns what came after a sequence, also one between two batches', () => {
    const history = historyOf(3, 5, 9);
    assert.deepEqual(sequencesSince(history, 0), [3, 5, 9]);
    assert.deepEqual(sequencesSince(history, 3), [5, 9]);
    assert.deepEqual(sequencesSince(history, 4), [5, 9]);
    assert.deepEqual(sequencesSince(history, 9), []);
    assert.deepEqual(sequencesSince(new ChangeHistory(), 7), []);
  });

  it('says so when a part of it is no longer kept, by number', () => {
    const history = historyOf(...Array.from({ length: 12_000 }, (_, index) => index + 1));
    assert.equal(history.since(6999), null);
    assert.equal(history.since(7000)?.length, 5000);
  });

  it('says so when a part of it is no longer kept, by size', () => {
    const history = new ChangeHistory();
    for (let sequence = 1; sequence <= 10; sequence += 1)
      history.add({ sequence, previous: sequence - 1, changes: [] }, 1_000_000);
    assert.equal(history.since(6), null);
    assert.deepEqual(sequencesSince(history, 7), [8, 9, 10]);
  });

  it('mends no gap before the first batch that it ever got', () => {
    const history = new ChangeHistory();
    history.add({ sequence: 5, previous: 4, changes: [] }, 100);
    assert.equal(history.since(3), null);
    assert.deepEqual(sequencesSince(history, 4), [5]);
  });

  it('mends no gap over a batch that is too long to be sent', () => {
    const history = historyOf(1, 2);
    history.add({ sequence: 3, previous: 2, changes: [] }, null);
    assert.equal(history.since(2), null);
    history.add({ sequence: 4, previous: 3, changes: [] }, 10);
    assert.equal(history.since(2), null);
    assert.deepEqual(sequencesSince(history, 3), [4]);
  });
});
