import assert from 'node:assert/strict';
import { untranslated } from '../src/format.ts';
import { describeHeartbeats, describeSteps, heartbeatText, partText } from '../src/heartbeatText.ts';
import type { Activity } from '../src/runtime/activityModel.ts';
import { holdReasons, refusalReasons, runStatuses } from '../src/runtime/model.ts';
import { sampleHeartbeat } from './support/sampleState.ts';

const minute = 60_000;
const formatTime = (at: number): string => `<${String(at)}>`;

function step(number: number, action: string, part: Partial<Activity> = {}): Activity {
  const empty = { costMicros: null, text: null, isTextErased: false, isKeyed: false };
  const base = { actor: 'runtime', target: 'heartbeat:daily', agent: null, runId: 'H', result: 'done', details: {} };
  return { number, at: number, action: `heartbeat.${action}`, ...base, ...empty, ...part };
}

describe('what a named heartbeat came to', () => {
  const ended = { agent: 'a', runId: 'R1', outcome: 'succeeded' };
  const rows: readonly (readonly [string, Parameters<typeof sampleHeartbeat>[1]])[] = [
    [
      'under way: 1 of 2 agents to go · triggered 3 min ago',
      { triggeredAt: 2 * minute, parts: [ended, { ...ended, outcome: null }] },
    ],
    ['skipped by all agents · 4 min ago', { completedAt: minute, parts: [{ ...ended, runId: null, outcome: 'lost' }] }],
    [
      '1 of 2 runs succeeded · 4 min ago',
      { completedAt: minute, parts: [ended, { ...ended, outcome: 'failed' }, { ...ended, runId: null }].slice(0, 2) },
    ],
  ];
  for (const [expected, part] of rows) {
    it(`is: ${expected}`, () => {
      assert.equal(heartbeatText(sampleHeartbeat(1, part), 5 * minute, untranslated), expected);
    });
  }

  it('says of every part what came of it, in words', () => {
    for (const outcome of [...runStatuses, ...refusalReasons, ...holdReasons, 'coalesced', 'agent_removed', 'lost']) {
      assert.match(partText(outcome, null, untranslated), /^[a-z ]+$/);
    }
    assert.equal(partText(null, null, untranslated), 'waits');
    assert.equal(partText(null, 'R', untranslated), 'running');
  });

  it('is listed agent by agent', () => {
    const parts = [ended, { agent: 'b', runId: null, outcome: 'quiet_hours' }];
    const heartbeats = [sampleHeartbeat(1, { completedAt: minute, parts })];
    assert.deepEqual(describeHeartbeats({ heartbeats, hasMore: true }, 5 * minute, untranslated), [
      'daily  1 of 1 runs succeeded · 4 min ago',
      '  a  succeeded  R1',
      '  b  quiet hours',
      '…',
    ]);
    assert.deepEqual(describeHeartbeats({ heartbeats: [], hasMore: false }, 0, untranslated), [
      'No named heartbeat has fallen due yet.',
    ]);
  });
});

describe('the steps of a named heartbeat', () => {
  it('are told in their order, whatever order they come in', () => {
    const steps = [
      step(1, 'triggered', { details: { plannedAt: 7, missed: 2 } }),
      step(2, 'agentsSelected', { details: { agents: ['a', 'b'], passedOver: ['c'] } }),
      step(3, 'evaluated', { agent: 'a', result: 'accepted', details: { run: 'R1' } }),
      step(4, 'evaluated', { agent: 'b', result: 'nothing_to_do' }),
      step(5, 'executed', { agent: 'a', result: 'started', details: { run: 'R1' } }),
      step(6, 'logged', { agent: 'a', result: 'failed', details: { run: 'R1', logBytes: 2048 } }),
      step(7, 'logged', { agent: 'b', result: 'agent_removed', details: { run: null } }),
      step(8, 'completed', { details: { succeeded: 0, started: 1, skipped: 1, durationMs: 65_000 } }),
    ];
    assert.deepEqual(describeSteps(steps.toReversed(), formatTime, untranslated), [
      '<1>  1. Triggered, planned for <7> · also for 2 that were missed',
      '<2>  2. Agents selected: a, b · passed over: c',
      '<3>  3. a evaluated: accepted → R1',
      '<4>  3. b evaluated: nothing to do',
      '<5>  4. a started: R1',
      '<6>  5. a ended: failed → R1 · log of 2.0 kB',
      '<7>  5. b ended: removed',
      '<8>  6. Completed after 1 min 5 s: 0 of 1 runs succeeded, agents that started nothing: 1',
    ]);
  });

  it('are gone once retention has removed them', () => {
    assert.deepEqual(describeSteps([], formatTime, untranslated), ['Nothing is known of it any more.']);
  });
});
