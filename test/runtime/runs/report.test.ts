import assert from 'node:assert/strict';
import type { AgentEvent, UsageEvent } from '../../../src/runtime/adapters/events.ts';
import type { RunUsage } from '../../../src/runtime/model.ts';
import type { ProcessOutcome } from '../../../src/runtime/runs/processOutcome.ts';
import { chargeOutcome } from '../../../src/runtime/runs/chargeOutcome.ts';
import { addEvent, conclude, nothingReported } from '../../../src/runtime/runs/report.ts';
import { makeDefinition } from '../../support/policies.ts';
import { usageEvent } from '../../support/recordedUsage.ts';

const empty = { signal: null, setback: null, stdoutExcerpt: '', stderrExcerpt: '', logBytes: 0 };
const good: ProcessOutcome = { ...empty, status: 'succeeded', exitCode: 0, errorCode: null, message: null };
const bad: ProcessOutcome = { ...empty, status: 'failed', exitCode: 3, errorCode: 'exit_code', message: 'code 3' };
const killed: ProcessOutcome = { ...bad, exitCode: null, signal: 'SIGKILL', errorCode: 'signal' };
const timedOut: ProcessOutcome = { ...bad, exitCode: 0, status: 'timed_out', errorCode: 'timeout' };
const unlogged: ProcessOutcome = { ...bad, exitCode: 0, errorCode: 'log_failed' };
const temporary: ProcessOutcome = {
  ...bad,
  exitCode: 75,
  errorCode: 'temporary_failure',
  setback: { kind: 'transient' },
};

const succeeded: AgentEvent = { kind: 'result', status: 'succeeded', message: 'all done', hasChanged: true };
const failed: AgentEvent = { kind: 'result', status: 'failed', message: 'no tests', hasChanged: false };
const limit: AgentEvent = { kind: 'rateLimit', limit: 'requests', until: 0 };
const retry: AgentEvent = { kind: 'transientError', message: 'busy' };
const used = (part: Partial<UsageEvent>): AgentEvent => ({ kind: 'usage', usage: usageEvent(part) });

const concluded = (outcome: ProcessOutcome, events: readonly AgentEvent[]): ProcessOutcome =>
  conclude(outcome, events.reduce(addEvent, nothingReported));

const charged = async (outcome: ProcessOutcome): Promise<RunUsage | null> =>
  (await chargeOutcome(outcome, { definition: makeDefinition('/srv'), formerTotals: [], at: 0 })).usage;

describe('the outcome of a run', () => {
  const cases: [what: string, outcome: ProcessOutcome, events: AgentEvent[], expected: unknown[]][] = [
    ['says nothing', good, [], ['succeeded', null, null, null]],
    ['reports success', good, [succeeded], ['succeeded', null, 'all done', null]],
    ['reports failure with exit code 0', good, [failed], ['failed', 'reported_failure', /failed: no tests/, null]],
    ['reports failure with an exit code', bad, [failed], ['failed', 'reported_failure', /no tests/, null]],
    ['reports success with an exit code', bad, [succeeded], ['failed', 'exit_code', 'code 3', null]],
    ['takes a failure back', good, [failed, succeeded], ['succeeded', null, 'all done', null]],
    [
      'meets a limit and exits politely',
      good,
      [limit],
      ['failed', 'rate_limited', /requests.* until 1970/, 'rate_limit'],
    ],
    ['meets a limit', bad, [limit], ['failed', 'rate_limited', /requests/, 'rate_limit']],
    ['gets over a limit', good, [limit, succeeded], ['succeeded', null, 'all done', null]],
    ['meets a fault that passes', bad, [retry, failed], ['failed', 'temporary_failure', /busy/, 'transient']],
    ['exits for later and says nothing', temporary, [], ['failed', 'temporary_failure', 'code 3', 'transient']],
    ['exits for later because of a limit', temporary, [limit], ['failed', 'rate_limited', /requests/, 'rate_limit']],
    ['is killed after a limit', killed, [limit], ['failed', 'signal', 'code 3', null]],
    ['runs out of time after success', timedOut, [succeeded], ['timed_out', 'timeout', 'code 3', null]],
    ['has no log', unlogged, [limit, succeeded], ['failed', 'log_failed', 'code 3', null]],
  ];
  for (const [what, outcome, events, expected] of cases) {
    it(`of a program that ${what}`, () => {
      const { status, errorCode, message, setback } = concluded(outcome, events);
      const [expectedStatus, expectedCode, expectedMessage, expectedSetback] = expected;
      assert.deepEqual([status, errorCode, setback?.kind ?? null], [expectedStatus, expectedCode, expectedSetback]);
      if (expectedMessage instanceof RegExp) assert.match(message ?? '', expectedMessage);
      else assert.equal(message, expectedMessage);
    });
  }

  it('has the time until which a limit holds', () => {
    const { setback } = concluded(bad, [limit]);
    assert.deepEqual(setback, { kind: 'rate_limit', limit: 'requests', until: 0 });
  });

  it('adds up what was used, also of a run that was killed; what nobody said stays unknown', async () => {
    const concludedRun = concluded(killed, [
      failed,
      used({ inputTokens: 5, model: 'a' }),
      used({ inputTokens: 6, outputTokens: 7, cachedTokens: 1 }),
    ]);
    assert.deepEqual((await charged(concludedRun))?.models, [
      {
        model: 'a',
        inputTokens: 11,
        cachedTokens: 1,
        cacheWriteTokens: 0,
        outputTokens: 7,
        costMicros: null,
        isListPrice: false,
      },
    ]);
    assert.equal(concludedRun.hasChanged, false);
    assert.equal(await charged(concluded(good, [])), null);
    const told = [used({ costMicros: 3 }), used({}), used({ costMicros: 4 })];
    const [sum] = (await charged(concluded(good, told)))?.models ?? [];
    assert.equal(sum?.costMicros, 7);
    const huge = Array.from({ length: 5 }, () => used({ inputTokens: 1e12, costMicros: 1e12 }));
    const [largest] = (await charged(concluded(good, huge)))?.models ?? [];
    assert.deepEqual([largest?.inputTokens, largest?.costMicros], [1e12, 1e12]);
  });

  it('counts the turns of all results of a run', async () => {
    const results = [2, null, 1].map((turns): AgentEvent => ({
      ...{ kind: 'result', status: 'succeeded', message: null, hasChanged: null },
      turns,
    }));
    assert.equal((await charged(concluded(good, [used({ inputTokens: 1 }), ...results])))?.turns, 3);
  });
});
