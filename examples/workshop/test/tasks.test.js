import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, createTask, overdue } from '../src/tasks.js';

test('a task needs a title', () => {
  assert.throws(() => createTask('  '), /needs a title/);
});

test('a weekly task comes again after seven days', () => {
  const [done, next] = complete(createTask('Water the plants', { due: '2026-02-26', repeat: 'weekly' }));
  assert.equal(done.isDone, true);
  assert.deepEqual([next.due, next.isDone], ['2026-03-05', false]);
});

test('a monthly task of the 31st falls on the last day of a shorter month', () => {
  const [, next] = complete(createTask('Pay the rent', { due: '2026-01-31', repeat: 'monthly' }));
  assert.equal(next.due, '2026-02-28');
});

test('lists what is overdue, the oldest first', () => {
  const tasks = [
    createTask('b', { due: '2026-03-02' }),
    createTask('a', { due: '2026-03-01' }),
    createTask('later', { due: '2026-04-01' }),
  ];
  assert.deepEqual(
    overdue(tasks, '2026-03-10').map((task) => task.title),
    ['a', 'b'],
  );
});
