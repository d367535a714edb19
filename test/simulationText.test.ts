import assert from 'node:assert/strict';
import { untranslated } from '../src/format.ts';
import type { SimulatedSchedule, Simulation } from '../src/runtime/insight.ts';
import { describeSimulation } from '../src/simulationText.ts';

const formatTime = (at: number): string => `<${String(at)}>`;
const schedule: SimulatedSchedule = {
  agent: 'engineer',
  heartbeat: null,
  obstacle: null,
  skipsWhenIdle: false,
  onlyIf: [],
  next: [5, 6],
  starts: 14,
  quiet: 0,
  isEstimated: false,
  runMs: 120_000,
  costMicros: 250_000,
  isListPrice: false,
};
const day = {
  ...{ date: '2026-11-21', starts: 2, runMs: 240_000, withoutTime: 0 },
  ...{ costMicros: 500_000, isListPrice: false, withoutCost: 0 },
};
const simulation: Simulation = {
  from: 1,
  to: 9,
  slots: 4,
  schedules: [schedule],
  days: [day],
  collisions: [],
  collisionsUntil: 9,
};
const linesOf = (part: Partial<Simulation>): string[] =>
  describeSimulation({ ...simulation, ...part }, formatTime, untranslated).map((line) => line.trim());

describe('the account of a simulation', () => {
  it('tells days, agents and collisions', () => {
    const collisions = [{ agent: 'engineer', kind: 'cwd', other: 'auditor', count: 3, firstAt: 7 } as const];
    assert.deepEqual(linesOf({ collisions }), [
      'From <1> to <9>, if nothing else wakes an agent and everything stays as it is now.',
      '',
      'A day',
      '2026-11-21  runs: 2 · run time 4 min · cost $0.50',
      '',
      'By agent',
      'engineer  runs: 14 · 2 min each · $0.25 each',
      'next: <5> · <6>',
      '',
      'Collisions until <9>, with 4 slots',
      'engineer waits for auditor in the same directory · 3 times, first at <7>',
    ]);
  });

  it('marks what rests on list prices', () => {
    const listed = linesOf({ days: [{ ...day, isListPrice: true }], schedules: [{ ...schedule, isListPrice: true }] });
    assert.equal(listed[3], '2026-11-21  runs: 2 · run time 4 min · cost ≈ $0.50');
    assert.ok(listed.includes('engineer  runs: 14 · 2 min each · ≈ $0.25 each'));
  });

  it('never takes what is unknown for nothing', () => {
    const unknown = { ...day, runMs: 0, withoutTime: 2, costMicros: 0, withoutCost: 2 };
    const partly = { ...day, withoutTime: 1, withoutCost: 1 };
    assert.equal(linesOf({ days: [unknown] })[3], '2026-11-21  runs: 2 · run time unknown · cost unknown');
    assert.equal(
      linesOf({ days: [partly] })[3],
      '2026-11-21  runs: 2 · run time at least 4 min, unknown for 1 of them · cost at least $0.50, unknown for 1 of them',
    );
    const lines = linesOf({ schedules: [{ ...schedule, runMs: null, costMicros: null, isEstimated: true, next: [] }] });
    assert.ok(lines.includes('engineer  about 14 runs · run time unknown · cost unknown'));
  });

  it('says what would make it fewer', () => {
    const lines = linesOf({
      schedules: [
        { ...schedule, heartbeat: 'daily', quiet: 3, skipsWhenIdle: true },
        { ...schedule, skipsWhenIdle: true, onlyIf: ['git_head'] },
        { ...schedule, obstacle: 'paused' },
      ],
    });
    assert.ok(
      lines.includes(
        'engineer (daily)  runs: 14 · 2 min each · $0.25 each · skipped in quiet hours: 3 · fewer when there is nothing to do',
      ),
    );
    assert.ok(
      lines.includes(
        'engineer  runs: 14 · 2 min each · $0.25 each · if there is something to do, or something changed: the commit',
      ),
      lines.join('\n'),
    );
    assert.ok(lines.includes('engineer  nothing, as long as it is held: paused'));
  });

  it('says so when nothing starts by itself', () => {
    assert.deepEqual(linesOf({ schedules: [] }), ['No agent has a schedule: nothing starts by itself.']);
  });
});
