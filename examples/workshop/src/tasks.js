import { addDays, daysBetween, nextMonth } from './dates.js';

/** A task: { title, due, repeat: 'never' | 'weekly' | 'monthly', cents, isDone }. */
export function createTask(title, options = {}) {
  if (title.trim() === '') throw new Error('A task needs a title.');
  const { due = null, repeat = 'never', cents = 0 } = options;
  return { title: title.trim(), due, repeat, cents, isDone: false };
}

/** Marks a task as done; a repeated one also gives its next occurrence. */
export function complete(task) {
  const done = { ...task, isDone: true };
  const due = nextDue(task);
  return due === null ? [done] : [done, { ...task, due }];
}

function nextDue(task) {
  if (task.due === null) return null;
  switch (task.repeat) {
    case 'weekly':
      return addDays(task.due, 7);
    case 'monthly':
      return nextMonth(task.due);
    default:
      return null;
  }
}

/** Open tasks whose day has passed, the longest overdue first. */
export function overdue(tasks, today) {
  // TODO: tasks without a due date should come last instead of being left out
  return tasks
    .filter((task) => !task.isDone && task.due !== null && daysBetween(task.due, today) > 0)
    .sort((a, b) => a.due.localeCompare(b.due));
}
