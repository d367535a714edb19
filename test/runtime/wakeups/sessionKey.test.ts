import assert from 'node:assert/strict';
import { wakeSources } from '../../../src/runtime/model.ts';
import { taskKeyOf } from '../../../src/runtime/wakeups/inbox.ts';
import { sessionKeyOf } from '../../../src/runtime/wakeups/sessionKey.ts';

const unscoped = { agent: 'engineer', taskKey: null, issueId: null };

describe('The key of a session', () => {
  it('is one for all wakes that are about no task, whatever woke the agent', () => {
    const keys = wakeSources.map((source) => sessionKeyOf(taskKeyOf({ ...unscoped, source })));

    assert.deepEqual(new Set(keys), new Set(['unscoped']));
    assert.equal(sessionKeyOf('schedule:another'), 'unscoped');
  });

  it('is that of the task, the issue or the named heartbeat otherwise', () => {
    for (const source of wakeSources) {
      assert.equal(sessionKeyOf(taskKeyOf({ ...unscoped, source, issueId: '01ISSUE' })), '01ISSUE');
      assert.equal(sessionKeyOf(taskKeyOf({ ...unscoped, source, taskKey: 'release' })), 'release');
    }
    assert.equal(sessionKeyOf('heartbeat:daily'), 'heartbeat:daily');
    assert.equal(sessionKeyOf('timers'), 'timers');
  });
});
