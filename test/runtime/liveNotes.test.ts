import assert from 'node:assert/strict';
import { LiveNotes } from '../../src/runtime/liveNotes.ts';
import { ManualClock } from '../support/manualClock.ts';

describe('What running runs say they are at', () => {
  it('is told at once, then at most once a second, and the last word always', () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const notes = new LiveNotes(clock, (runId) => told.push(`${runId} ${notes.get(runId).text ?? ''}`));
    notes.set('a', { text: 'one' });
    notes.set('b', { text: 'other' });
    for (let number = 0; number < 500; number += 1) notes.set('a', { text: `word ${String(number)}` });
    assert.deepEqual(told, ['a one', 'b other']);
    clock.tick(999);
    assert.equal(told.length, 2);
    clock.tick(1);
    assert.deepEqual(told, ['a one', 'b other', 'a word 499']);
    clock.tick(300);
    notes.set('a', { text: 'next' });
    clock.tick(699);
    assert.equal(told.length, 3);
    clock.tick(1);
    assert.equal(told.at(-1), 'a next');
    notes.set('a', { text: 'never' });
    notes.delete('a');
    clock.tick(5000);
    assert.deepEqual([told.at(-1), notes.get('a').text, clock.pendingTimers], ['a next', undefined, 0]);
  });

  it('keeps what a run is at beside what it has used', () => {
    const clock = new ManualClock();
    const notes = new LiveNotes(clock, () => undefined);
    const usage = { models: [], turns: 2 };
    notes.set('a', { text: 'one' });
    notes.set('a', { usage });
    assert.deepEqual(notes.get('a'), { text: 'one', usage });
    notes.dispose();
  });
});
