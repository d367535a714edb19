import assert from 'node:assert/strict';
import { LiveNotes } from '../../src/runtime/liveNotes.ts';
import { ManualClock } from '../support/manualClock.ts';

describe('What running runs say they are at', () => {
  it('is told at once, then at most once a second, and the last word always', () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const notes = new LiveNotes(clock, (runId) => told.push(`${runId} ${notes.get(runId) ?? ''}`));
    notes.set('a', 'one');
    notes.set('b', 'other');
    for (let number = 0; number < 500; number += 1) notes.set('a', `word ${String(number)}`);
    assert.deepEqual(told, ['a one', 'b other']);
    clock.tick(999);
    assert.equal(told.length, 2);
    clock.tick(1);
    assert.deepEqual(told, ['a one', 'b other', 'a word 499']);
    clock.tick(300);
    notes.set('a', 'next');
    clock.tick(699);
    assert.equal(told.length, 3);
    clock.tick(1);
    assert.equal(told.at(-1), 'a next');
    notes.set('a', 'never');
    notes.delete('a');
    clock.tick(5000);
    assert.deepEqual([told.at(-1), notes.get('a'), clock.pendingTimers], ['a next', undefined, 0]);
  });
});
