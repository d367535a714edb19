import assert from 'node:assert/strict';
import { DueQueue } from '../../../src/runtime/scheduler/dueQueue.ts';

const makeItem = (queuedFor: number) => ({ queuedFor, queueIndex: -1 });

function drain(queue: DueQueue<{ queuedFor: number; queueIndex: number }>): number[] {
  const times: number[] = [];
  for (let first = queue.first; first !== undefined; first = queue.first) {
    times.push(first.queuedFor);
    queue.remove(first);
  }
  return times;
}

describe('DueQueue', () => {
  it('gives items by time, whatever was added and removed in between', () => {
    const queue = new DueQueue<{ queuedFor: number; queueIndex: number }>();
    const items = Array.from({ length: 500 }, (_, index) => makeItem((index * 7919) % 1009));
    for (const item of items) queue.add(item);
    const removed = items.filter((_, index) => index % 3 === 0);
    for (const item of removed) queue.remove(item);
    const left = items.filter((item) => !removed.includes(item)).map((item) => item.queuedFor);
    assert.deepEqual(
      drain(queue),
      left.sort((a, b) => a - b),
    );
  });

  it('does not mind removing what it does not have', () => {
    const queue = new DueQueue<{ queuedFor: number; queueIndex: number }>();
    const item = makeItem(1);
    queue.add(item);
    queue.remove(item);
    queue.remove(item);
    assert.equal(queue.size, 0);
    for (const other of [makeItem(2), makeItem(3)]) queue.add(other);
    queue.remove(item);
    assert.equal(queue.size, 2);
  });
});
