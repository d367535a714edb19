import assert from 'node:assert/strict';
import {
  excessOf,
  isBeyond,
  oldestEnd,
  removalBy,
  spentLogs,
  spentRuns,
  spentWakeups,
} from '../../../src/runtime/retention/decide.ts';
import { defaultLimits } from '../../../src/runtime/retention/limits.ts';
import type { RunFacts, WakeupFacts } from '../../../src/runtime/store/retentionTable.ts';

const never = Number.NEGATIVE_INFINITY;
const hourMs = 60 * 60 * 1000;
const run: RunFacts = { id: 'r', number: 10, queuedAt: 900, finishedAt: 1000, isShown: false, hasWaiting: false };
const wakeup: WakeupFacts = { id: 'w', number: 10, requestedAt: 900, endedAt: 1000, hasKey: false, isShown: false };

describe('the decision of retention', () => {
  const runRows: [
    name: string,
    part: Partial<RunFacts>,
    bounds: [endedBefore: number, belowNumber: number],
    goes: boolean,
  ][] = [
    ['too old', {}, [1001, 0], true],
    ['just young enough', {}, [1000, 0], false],
    ['beyond the count', {}, [never, 11], true],
    ['the last within the count', {}, [never, 10], false],
    ['within no limit', {}, [never, 0], false],
    ['young but beyond the count', { finishedAt: 5000 }, [1001, 11], true],
    ['old but within the count', {}, [1001, 5], true],
    ['not settled', { finishedAt: null }, [Infinity, 11], false],
    ['shown as the last one', { isShown: true }, [1001, 11], false],
    ['awaited by a wakeup', { hasWaiting: true }, [1001, 11], false],
  ];
  for (const [name, part, [endedBefore, belowNumber], goes] of runRows) {
    it(`${goes ? 'lets go' : 'keeps'} a run that is ${name}`, () => {
      assert.deepEqual(spentRuns([{ ...run, ...part }], { endedBefore, belowNumber }), goes ? ['r'] : []);
    });
  }

  const wakeupRows: [name: string, part: Partial<WakeupFacts>, bounds: [number, number], now: number, goes: boolean][] =
    [
      ['too old', {}, [1001, 0], 2000, true],
      ['young enough', {}, [1000, 0], 2000, false],
      ['beyond the count', {}, [never, 11], 2000, true],
      ['not delivered', { endedAt: null }, [Infinity, 11], 2000, false],
      ['of a run that is shown', { isShown: true }, [1001, 11], 2000, false],
      ['beyond the count, but recognises a repetition', { hasKey: true }, [1001, 11], 900 + 24 * hourMs, false],
      ['beyond the count, with a key that is too old', { hasKey: true }, [1001, 11], 901 + 24 * hourMs, true],
    ];
  for (const [name, part, [endedBefore, belowNumber], now, goes] of wakeupRows) {
    it(`${goes ? 'lets go' : 'keeps'} a wakeup that is ${name}`, () => {
      assert.deepEqual(spentWakeups([{ ...wakeup, ...part }], { endedBefore, belowNumber }, now), goes ? ['w'] : []);
    });
  }

  it('takes logs that are too old, then the oldest until the rest fits, and none that frees nothing', () => {
    const logs = [
      { id: 'old', finishedAt: 10, bytes: 5 },
      { id: 'empty', finishedAt: 100, bytes: 0 },
      { id: 'first', finishedAt: 101, bytes: 6 },
      { id: 'second', finishedAt: 102, bytes: 6 },
      { id: 'third', finishedAt: 103, bytes: 6 },
    ].map((log, index) => ({ ...log, number: index, queuedAt: 0 }));

    assert.deepEqual(spentLogs(logs, { endedBefore: 100, excessBytes: 0 }), {
      byAge: ['old'],
      bySize: [],
      freedBytes: 5,
    });
    assert.deepEqual(spentLogs(logs, { endedBefore: never, excessBytes: 12 }), {
      byAge: [],
      bySize: ['old', 'first', 'second'],
      freedBytes: 17,
    });
  });

  it('takes 0 for no limit', () => {
    assert.equal(oldestEnd(0, 5), never);
    assert.equal(oldestEnd(1, 25 * hourMs), hourMs);
    assert.equal(excessOf(10e12, { ...defaultLimits, logMegabytes: 0 }), 0);
    assert.equal(excessOf(3 * 1024 * 1024, { ...defaultLimits, logMegabytes: 2 }), 1024 * 1024);
    assert.equal(excessOf(1, defaultLimits), 0);
  });

  it('names the setting that removed a log', () => {
    assert.deepEqual(removalBy('age', { ...defaultLimits, logDays: 7 }), { reason: 'age', limit: 7 });
    assert.deepEqual(removalBy('size', { ...defaultLimits, logMegabytes: 9 }), { reason: 'size', limit: 9 });
  });

  it('looks no further only when a whole slice is within bounds', () => {
    const bounds = { endedBefore: 100, belowNumber: 5 };
    const row = (number: number, madeAt: number) => ({ number, madeAt });
    assert.equal(isBeyond([row(5, 100), row(6, 500)], bounds), true);
    assert.equal(isBeyond([row(5, 99), row(6, 500)], bounds), false);
    assert.equal(isBeyond([row(4, 100), row(6, 500)], bounds), false);
  });
});
