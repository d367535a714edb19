import assert from 'node:assert/strict';
import { isBare, isRepetition, isStronger, queuePriority, taskKeyOf } from '../../../src/runtime/wakeups/inbox.ts';

describe('inbox', () => {
  it('derives the task key from task key, task, issue, schedule, source, in that order', () => {
    const base = { agent: 'a', source: 'on_demand', taskKey: null, issueId: null } as const;
    assert.equal(taskKeyOf({ ...base, taskKey: 'k', taskId: 't', issueId: 'i' }), 'k');
    assert.equal(taskKeyOf({ ...base, taskKey: 'k', issueId: 'i' }), 'k');
    assert.equal(taskKeyOf({ ...base, taskId: 't', issueId: 'i' }), 't');
    assert.equal(taskKeyOf({ ...base, taskId: null, issueId: 'i' }), 'i');
    assert.equal(taskKeyOf({ ...base, source: 'automation', taskId: 't' }), 't');
    assert.equal(taskKeyOf({ ...base, issueId: 'i' }), 'i');
    assert.equal(taskKeyOf({ ...base, source: 'timer' }), 'schedule:a');
    assert.equal(taskKeyOf({ ...base, source: 'timer', issueId: 'i' }), 'i');
    assert.equal(taskKeyOf(base), 'on_demand');
  });

  it('calls bare only pings that bring nothing', () => {
    const nothing = { text: null, issueId: null };
    assert.equal(isBare({ source: 'on_demand', ...nothing }), true);
    assert.equal(isBare({ source: 'on_demand', ...nothing, isFresh: true }), false);
    assert.equal(isBare({ source: 'on_demand', text: 'x', issueId: null }), false);
    assert.equal(isBare({ source: 'on_demand', text: null, issueId: 'i' }), false);
    assert.equal(isBare({ source: 'assignment', ...nothing }), false);
    assert.equal(isBare({ source: 'automation', ...nothing }), false);
  });

  it('takes a tick for a repetition of one that waits or works, also when it brings a goal', () => {
    const rows = [
      ['timer', null, 'timer', true],
      ['timer', 'goal', 'timer', true],
      ['timer', null, 'on_demand', true],
      ['timer', 'goal', 'on_demand', false],
      ['on_demand', null, 'timer', false],
    ] as const;
    for (const [source, text, of, expected] of rows) {
      assert.equal(isRepetition({ source, text }, { source: of }), expected, `${source} ${String(text)} ${of}`);
    }
  });

  it('orders sources from a person down to a timer', () => {
    assert.equal(isStronger('on_demand', 'assignment'), true);
    assert.equal(isStronger('assignment', 'automation'), true);
    assert.equal(isStronger('automation', 'timer'), true);
    assert.equal(isStronger('timer', 'timer'), false);
  });

  it('queues urgent work first and work without an issue as medium', () => {
    const order = [queuePriority('urgent'), queuePriority('high'), queuePriority('medium'), queuePriority('low')];
    assert.deepEqual(order, [...order].sort());
    assert.equal(queuePriority(null), queuePriority('medium'));
  });
});
