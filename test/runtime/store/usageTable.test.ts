import assert from 'node:assert/strict';
import type { ModelUsage, RunUsage } from '../../../src/runtime/model.ts';
import { daysOf } from '../../../src/runtime/localDays.ts';
import {
  groupUsage,
  quarterMs,
  quarterOf,
  recordUsage,
  sumUsage,
  type EndedRun,
  type Usage,
} from '../../../src/runtime/store/usageTable.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { WakeFixture } from '../../support/wakeFixture.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Half-hour and quarter-hour offsets, both hemispheres, a change of half an hour, none, and a day that was left out. */
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/Havana',
];

const nothing: Usage = {
  runs: 0,
  failedRuns: 0,
  runsWithoutCost: 0,
  runMs: 0,
  inputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  costMicros: 0,
  listedMicros: 0,
};

/** The naive sum over events. */
function sumOf(runs: readonly EndedRun[]): Usage {
  return runs.reduce(
    (sum: Usage, { isFailed, runMs, usage }) => ({
      runs: sum.runs + 1,
      failedRuns: sum.failedRuns + (isFailed ? 1 : 0),
      runsWithoutCost: sum.runsWithoutCost + (usage?.models.every(({ costMicros }) => costMicros !== null) ? 0 : 1),
      runMs: sum.runMs + runMs,
      inputTokens: sum.inputTokens + add(usage, ({ inputTokens }) => inputTokens),
      cachedTokens: sum.cachedTokens + add(usage, ({ cachedTokens }) => cachedTokens),
      cacheWriteTokens: sum.cacheWriteTokens + add(usage, ({ cacheWriteTokens }) => cacheWriteTokens),
      outputTokens: sum.outputTokens + add(usage, ({ outputTokens }) => outputTokens),
      costMicros: sum.costMicros + add(usage, ({ costMicros }) => costMicros ?? 0),
      listedMicros:
        sum.listedMicros + add(usage, ({ costMicros, isListPrice }) => (isListPrice ? (costMicros ?? 0) : 0)),
    }),
    nothing,
  );
}

function add(usage: RunUsage | null, of: (model: ModelUsage) => number): number {
  return (usage?.models ?? []).reduce((sum, model) => sum + of(model), 0);
}

/** The local date of a time. */
function localDates(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short' });
  return (at) => format.format(at).split('/').reverse().join('-');
}

/** Runs of `days` days from `from` on, more of them around midnight and on quarter-hours. */
function randomRuns(random: () => number, from: number, days: number): EndedRun[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  return Array.from({ length: 400 }, () => {
    const at = from + Math.floor(random() * days * dayMs);
    const edge = pick([0, 1, -1, quarterMs - 1]);
    const isEdge = random() < 0.5;
    const reported = {
      model: pick(['sonnet', 'opus']),
      inputTokens: Math.floor(random() * 1e6),
      cachedTokens: Math.floor(random() * 1e6),
      cacheWriteTokens: Math.floor(random() * 1e5),
      isListPrice: random() < 0.5,
      outputTokens: Math.floor(random() * 1e5),
      costMicros: pick([null, 0, Math.floor(random() * 5e6)]),
    };
    return {
      at: isEdge ? Math.floor(at / quarterMs) * quarterMs + edge : at,
      agent: pick(['a', 'b', 'ä 🎺']),
      issueId: pick([null, 'i1', 'i2']),
      isFailed: random() < 0.3,
      runMs: Math.floor(random() * 3e6),
      usage: pick([null, { models: [reported], turns: null }]),
    };
  });
}

describe('usageTable', () => {
  let fixture: WakeFixture;
  beforeEach(async () => {
    fixture = await WakeFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  function record(runs: readonly EndedRun[]): void {
    fixture.state.commit((transaction) => {
      for (const run of runs) recordUsage(transaction, run);
    });
  }

  // Changes of the clock in all zones lie in these spans, one a leap day, one the day that Samoa left out.
  for (const start of ['2026-03-01', '2026-09-20', '2028-02-20', '2011-12-20']) {
    it(`sums quarter-hours to what a sum over events gives, in any time zone, around ${start}`, function () {
      this.timeout(20_000);
      const seed = Math.floor(Math.random() * 2 ** 31);
      const from = Date.parse(start);
      const days = 40;
      const runs = randomRuns(seededRandom(seed), from, days);
      record(runs);
      const span = { from: from - dayMs, to: from + (days + 1) * dayMs };

      for (const timeZone of zones) {
        const dateOf = localDates(timeZone);
        const dated = runs.map((run) => ({ run, date: dateOf(run.at) }));
        for (const day of daysOf(span, timeZone)) {
          const expected = sumOf(dated.filter(({ date }) => date === day.date).map(({ run }) => run));
          const actual = sumUsage(fixture.store, { from: quarterOf(day.from), to: quarterOf(day.to) });
          assert.deepEqual(actual, expected, `${timeZone} ${day.date}, seed ${String(seed)}`);
        }
      }
      const all = { from: quarterOf(span.from), to: quarterOf(span.to) };
      for (const [by, keyOf] of [
        ['agent', (run: EndedRun) => run.agent],
        ['model', (run: EndedRun) => run.usage?.models[0]?.model ?? ''],
        ['issue', (run: EndedRun) => run.issueId ?? ''],
      ] as const) {
        const groups = groupUsage(fixture.store, all, by);
        assert.deepEqual(
          new Map(groups.map(({ key, usage }) => [key, usage])),
          new Map([...new Set(runs.map(keyOf))].map((key) => [key, sumOf(runs.filter((run) => keyOf(run) === key))])),
          `by ${by}, seed ${String(seed)}`,
        );
      }
      for (const agent of ['a', 'nobody']) {
        assert.deepEqual(sumUsage(fixture.store, all, agent), sumOf(runs.filter((run) => run.agent === agent)));
      }
    });
  }

  it('counts the first millisecond of a quarter-hour in and the last of the one before out', () => {
    const run = { agent: 'a', issueId: null, isFailed: false, runMs: 1, usage: null };
    record([
      { ...run, at: 5 * quarterMs - 1 },
      { ...run, at: 5 * quarterMs },
      { ...run, at: 6 * quarterMs },
    ]);

    assert.equal(sumUsage(fixture.store, { from: 5, to: 6 }).runs, 1);
    assert.equal(sumUsage(fixture.store, { from: 5, to: 6 }, 'a').runs, 1);
    assert.equal(groupUsage(fixture.store, { from: 5, to: 6 }, 'agent')[0]?.usage.runs, 1);
  });
});
