import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { UsageEvent } from '../../../src/runtime/adapters/events.ts';
import { chargeRun, type Charge, type ListPrice } from '../../../src/runtime/governance/charge.ts';
import { addUsage, emptyLedger, joinLedgers, type Ledger } from '../../../src/runtime/governance/ledger.ts';
import { parseTotals, type SessionTotal } from '../../../src/runtime/governance/sessionTotals.ts';
import { claudeUsage, codexUsage, usageEvent } from '../../support/recordedUsage.ts';

const unpriced: ListPrice = () => null;
/** One micro-dollar a token. */
const priced: ListPrice = (_model, { inputTokens, outputTokens }) => inputTokens + outputTokens;

function hear(events: readonly UsageEvent[], ledger: Ledger = emptyLedger): Ledger {
  return events.reduce((sum, event) => addUsage(sum, event), ledger);
}

function charge(
  events: readonly UsageEvent[] | Ledger,
  formerTotals: readonly SessionTotal[] = [],
  listPrice: ListPrice = unpriced,
): Charge {
  const ledger = 'attempts' in events ? events : hear(events);
  return chargeRun(ledger, { formerTotals, model: null, listPrice });
}

/** Consecutive runs of one conversation, whose totals go through the store. */
function chargeAll(runs: readonly (readonly UsageEvent[])[]): Charge[] {
  let totals: readonly SessionTotal[] = [];
  return runs.map((events) => {
    const charged = charge(events, totals);
    totals = parseTotals(JSON.parse(JSON.stringify(charged.nextTotals)));
    return charged;
  });
}

const inputOf = ({ usage }: Charge): number[] => (usage?.models ?? []).map(({ inputTokens }) => inputTokens);
const outputOf = ({ usage }: Charge): number[] => (usage?.models ?? []).map(({ outputTokens }) => outputTokens);
const costOf = ({ usage }: Charge): (number | null)[] => (usage?.models ?? []).map(({ costMicros }) => costMicros);

describe('what recorded runs are charged', () => {
  it('is what each run of claude added to its conversation', () => {
    const runs = chargeAll([claudeUsage('01-fresh-stdin'), claudeUsage('02-resume'), claudeUsage('02-resume-fork')]);
    const one = {
      model: 'claude-opus-5-5',
      inputTokens: 6200,
      cachedTokens: 5000,
      cacheWriteTokens: 200,
      outputTokens: 300,
      costMicros: 12_000,
      isListPrice: false,
    };
    for (const { usage } of runs) assert.deepEqual(usage, { models: [one], turns: 1 });
    assert.deepEqual([runs[2]?.nextTotals[0]?.inputTokens, runs[2]?.nextTotals[0]?.costMicros], [18_600, 36_000]);
  });

  it('counts the last answer of a claude that its own budget stopped', () => {
    const [first, second] = chargeAll([claudeUsage('50-budget-first'), claudeUsage('50-budget-resume-loop')]);
    assert.ok(first && second);
    assert.deepEqual([inputOf(first), outputOf(first), costOf(first)], [[20_000], [2000], [120_000]]);
    assert.deepEqual([inputOf(second), outputOf(second), costOf(second)], [[20_000], [2000], [120_000]]);
    const resumed = chargeAll(['31-budget-small', '31-budget-resume', '31-budget-resume-again'].map(claudeUsage));
    assert.deepEqual(resumed.map(costOf), [[60_000], [800], [800]]);
  });

  it('adds up the results of a claude that went on after the first', () => {
    const charged = charge(claudeUsage('42-bg-bash-finishes'));
    assert.deepEqual([inputOf(charged), outputOf(charged), costOf(charged)], [[300], [60], [2400]]);
    assert.equal(charged.usage?.turns, 3);
  });

  it('is not charged again when a killed run shows in the totals of the next', () => {
    const runs = chargeAll([
      claudeUsage('41-sigterm-during-bash'),
      claudeUsage('41-resume-after-sigterm-in-bash'),
      // As codex would say it: nothing but totals.
      [usageEvent({ basis: 'session', model: 'claude-opus-5-5', inputTokens: 350, outputTokens: 70 })],
    ]);
    assert.deepEqual(runs.map(inputOf), [[100], [100], [150]]);
  });

  it('is not charged again when the totals name no model, and the books of a killed run did', () => {
    const answer = usageEvent({ basis: 'message', id: 'r1', model: 'm', inputTokens: 1100, outputTokens: 11 });
    const killed = charge(addUsage(emptyLedger, answer, 'books'));
    const next = charge([usageEvent({ basis: 'session', inputTokens: 2250, outputTokens: 55 })], killed.nextTotals);
    assert.deepEqual([inputOf(killed), inputOf(next), outputOf(next)], [[1100], [1150], [44]]);
  });

  it('is what each run of codex added to its thread, forks included', () => {
    const names = ['01-fresh-stdin', '02-resume', '02-resume-flags-before', '02-resume-other-cwd', '04-fork'];
    const runs = chargeAll(names.map(codexUsage));
    for (const run of runs) assert.deepEqual([inputOf(run), outputOf(run), costOf(run)], [[1000], [300], [null]]);
  });

  it('is all of a thread that was begun in the place of the one asked for', () => {
    const runs = chargeAll([codexUsage('02-resume'), codexUsage('03-resume-not-uuid'), codexUsage('03-resume-last')]);
    assert.deepEqual(runs.map(inputOf), [[2000], [1000], [1000]]);
  });
});

describe('the charge of a run', () => {
  it('is unknown where nothing is known, and never 0', () => {
    assert.equal(charge([]).usage, null);
    assert.equal(charge([usageEvent({})]).usage, null);
    assert.deepEqual(costOf(charge([usageEvent({ inputTokens: 5 })])), [null]);
    assert.deepEqual(costOf(charge([usageEvent({ inputTokens: 5, costMicros: 0 })])), [0]);
  });

  it('takes of each component the most that any source says', () => {
    const charged = charge([
      usageEvent({ basis: 'message', id: 'm', inputTokens: 10, outputTokens: 1 }),
      usageEvent({ basis: 'run', inputTokens: 8, outputTokens: 9 }),
      usageEvent({ basis: 'session', inputTokens: 12, outputTokens: 2 }),
    ]);
    assert.deepEqual([inputOf(charged), outputOf(charged)], [[12], [9]]);
  });

  it('counts the books beside what was told', () => {
    const told = hear([usageEvent({ basis: 'message', id: 'm', inputTokens: 10 })]);
    const both = addUsage(told, usageEvent({ basis: 'message', id: 'm', inputTokens: 10 }), 'books');
    assert.deepEqual(inputOf(charge(both)), [10]);
    const more = addUsage(both, usageEvent({ basis: 'message', id: 'n', inputTokens: 7 }), 'books');
    assert.deepEqual([inputOf(charge(more)), charge(more).usage?.turns], [[17], 2]);
  });

  it('keeps models apart, and gives what was said of none to the only one', () => {
    const a = usageEvent({ model: 'a', inputTokens: 5, costMicros: 2 });
    const b = usageEvent({ model: 'b', inputTokens: 7, costMicros: 3 });
    const all = usageEvent({ basis: 'session', inputTokens: 12 });
    assert.deepEqual(inputOf(charge([a, b, all])), [5, 7]);
    assert.deepEqual(inputOf(charge([a, { ...all, inputTokens: 6 }])), [6]);
    const beyond = charge([a, b, { ...all, inputTokens: 20 }]).usage?.models ?? [];
    assert.deepEqual(
      beyond.map(({ model, inputTokens, costMicros }) => [model, inputTokens, costMicros]),
      [
        ['a', 5, 2],
        ['b', 7, 3],
        ['', 8, null],
      ],
    );
  });

  it('reckons by list price only what no cost was reported for', () => {
    const reported = usageEvent({ inputTokens: 100, outputTokens: 10, costMicros: 30 });
    const rest = usageEvent({ basis: 'message', inputTokens: 150, outputTokens: 10 });
    const of = (events: UsageEvent[], price: ListPrice): unknown => {
      const [model] =
        charge(
          events.map((event) => ({ ...event, model: 'm' })),
          [],
          price,
        ).usage?.models ?? [];
      return [model?.costMicros, model?.isListPrice];
    };
    assert.deepEqual(of([reported], priced), [30, false]);
    assert.deepEqual(of([rest], priced), [160, true]);
    assert.deepEqual(of([reported, rest], priced), [80, true]);
    assert.deepEqual(of([reported, rest], unpriced), [30, false]);
    assert.deepEqual(of([usageEvent({ costMicros: 4 }), rest], priced), [4, false]);
  });

  it('adds up the conversation that was lost and the fresh one', () => {
    const former = charge([usageEvent({ basis: 'session', inputTokens: 50, outputTokens: 5 })]).nextTotals;
    const lost = hear([usageEvent({ basis: 'session', inputTokens: 53, outputTokens: 6 })]);
    const fresh = joinLedgers(lost, hear([usageEvent({ basis: 'session', inputTokens: 60, outputTokens: 7 })]));
    const charged = charge(fresh, former);
    assert.deepEqual([inputOf(charged), outputOf(charged)], [[63], [8]]);
    assert.equal(charged.nextTotals[0]?.inputTokens, 60);
  });

  it('compares sums where the model is named otherwise than before', () => {
    const former = charge([usageEvent({ basis: 'session', inputTokens: 50, outputTokens: 5 })]).nextTotals;
    const told = usageEvent({ basis: 'session', model: 'other', inputTokens: 80, outputTokens: 6 });
    assert.deepEqual(inputOf(charge([told], former)), [30]);
    assert.deepEqual(inputOf(charge([{ ...told, inputTokens: 40 }], former)), [40]);
  });

  it('is bounded, whatever is said', () => {
    const huge = Array.from({ length: 3 }, () => usageEvent({ inputTokens: 1e15, outputTokens: -5, costMicros: 1e13 }));
    const charged = charge([...huge, usageEvent({ inputTokens: Number.NaN })]);
    assert.deepEqual([inputOf(charged), outputOf(charged), costOf(charged)], [[1e12], [0], [1e12]]);
    const names = Array.from({ length: 1000 }, (_, index) => usageEvent({ model: String(index), inputTokens: 1 }));
    const models = charge(names).usage?.models ?? [];
    assert.ok(models.length <= 33);
    assert.equal(
      models.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
      1000,
    );
  });

  it('takes stored totals for none that are not what they should be', () => {
    assert.deepEqual(parseTotals(null), []);
    assert.deepEqual(parseTotals([1, null, { model: 'a' }, { model: 3, inputTokens: 1 }]), []);
    const [plain] = charge([usageEvent({ basis: 'session', inputTokens: 5 })]).nextTotals;
    assert.ok(plain);
    const { untold, ...stored } = plain;
    assert.deepEqual(parseTotals([stored]), [{ ...stored, untold }]);
  });
});

const amount = fc.integer({ min: 0, max: 10_000 });
const message = fc
  .record({ id: fc.integer({ min: 0, max: 5 }), inputTokens: amount, cachedTokens: amount, outputTokens: amount })
  .map(({ id, ...tokens }) =>
    // The model of an answer is always the same.
    usageEvent({ basis: 'message', id: String(id), model: id % 2 === 0 ? 'a' : 'b', ...tokens }),
  );
const part = fc
  .record({
    model: fc.constantFrom('a', 'b', null),
    inputTokens: amount,
    outputTokens: amount,
    costMicros: fc.option(amount),
  })
  .map((said) => usageEvent({ basis: 'run', ...said }));

describe('the charge of any run', () => {
  it('does not depend on the order in which it was told', () => {
    const events = fc.array(fc.oneof(message, part), { maxLength: 12 });
    const shuffled = events.chain((told) =>
      fc.tuple(fc.constant(told), fc.shuffledSubarray(told, { minLength: told.length })),
    );
    fc.assert(
      fc.property(shuffled, ([told, otherwise]) => {
        assert.deepEqual(charge(otherwise, [], priced), charge(told, [], priced));
      }),
    );
  });

  it('is the same when answers are told twice', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (told) => {
        assert.deepEqual(charge([...told, ...told]), charge(told));
      }),
    );
  });

  it('is in no component less than any source says', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(message, { maxLength: 8 }), (parts, messages) => {
        const sum = (events: readonly UsageEvent[], of: (event: UsageEvent) => number | null): number =>
          events.reduce((all, event) => all + (of(event) ?? 0), 0);
        const { usage } = charge([...parts, ...messages], [], priced);
        const models = usage?.models ?? [];
        const input = models.reduce((all, { inputTokens }) => all + inputTokens, 0);
        const cost = models.reduce((all, { costMicros }) => all + (costMicros ?? 0), 0);
        assert.ok(input >= sum(parts, ({ inputTokens }) => inputTokens));
        assert.ok(cost >= sum(parts, ({ costMicros }) => costMicros));
      }),
    );
  });

  it('adds up over the runs of a conversation to its totals, killed runs among them', () => {
    const run = fc.record({ input: amount, output: amount, isKilled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        let total = { inputTokens: 0, outputTokens: 0 };
        const told = runs.map(({ input, output, isKilled }, index) => {
          total = { inputTokens: total.inputTokens + input, outputTokens: total.outputTokens + output };
          const tokens = { inputTokens: input, outputTokens: output };
          const answer = usageEvent({ basis: 'message', id: String(index), model: 'm', ...tokens });
          return isKilled ? [answer] : [usageEvent({ basis: 'session', model: 'm', ...total })];
        });
        const charged = chargeAll(told);
        const sum = (of: (one: Charge) => number[]): number => charged.flatMap(of).reduce((a, b) => a + b, 0);
        assert.deepEqual([sum(inputOf), sum(outputOf)], [total.inputTokens, total.outputTokens]);
      }),
    );
  });
});
