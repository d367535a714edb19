import assert from 'node:assert/strict';
import type { TimelineEntry } from '../../../src/runtime/insight.ts';
import {
  explainNow,
  mergeTimeline,
  timelineStart,
  type NowFacts,
  type TimelineSources,
} from '../../../src/runtime/wakeups/explain.ts';
import { makePolicy } from '../../support/policies.ts';

const gate: NowFacts['gate'] = {
  isStopped: false,
  isDraining: false,
  isTrusted: true,
  isConsented: true,
  agentState: 'active',
  isAbsent: false,
  obstacles: new Set(),
  heartbeat: makePolicy(),
};
const calm: NowFacts = {
  gate,
  note: null,
  nextHeartbeatAt: null,
  willSkip: null,
  running: null,
  queued: null,
  queuedCount: 0,
  ahead: null,
};
const running = { id: 'R1', number: 1, startedAt: 5 };
const queued = { id: 'R2', number: 2, queuedAt: 7, heldFor: 'cwd_busy' } as const;
const held = (reason: string, part: object = {}) => ({ kind: 'held', reason, note: null, waiting: 0, ...part });

describe('what is said of an agent for now', () => {
  const table: readonly (readonly [string, Partial<NowFacts>, object])[] = [
    ['it runs', { running, queued, queuedCount: 1 }, { kind: 'running', runId: 'R1', number: 1, since: 5 }],
    [
      'it runs still, though it was paused',
      { running, gate: { ...gate, agentState: 'paused' } },
      { kind: 'running', runId: 'R1', number: 1, since: 5 },
    ],
    [
      'everything is stopped',
      { gate: { ...gate, isStopped: true, agentState: 'paused' }, queued, queuedCount: 3 },
      held('stopped', { waiting: 3 }),
    ],
    ['the workspace is not trusted', { gate: { ...gate, isTrusted: false } }, held('trust')],
    ['its definition is not accepted', { gate: { ...gate, isConsented: false } }, held('consent')],
    [
      'it is paused',
      { gate: { ...gate, agentState: 'paused' }, note: 'too dear', nextHeartbeatAt: 9 },
      held('paused', { note: 'too dear' }),
    ],
    ['it is missing', { gate: { ...gate, isAbsent: true } }, held('absent')],
    ['it was removed', { gate: { ...gate, agentState: 'terminated' } }, held('terminated')],
    [
      'it waits',
      { queued, queuedCount: 1, nextHeartbeatAt: 9 },
      { kind: 'queued', runId: 'R2', number: 2, reason: 'cwd_busy', since: 7, ahead: null },
    ],
    [
      'it waits behind others',
      { queued, queuedCount: 1, ahead: { runs: 2, agent: 'ceo', number: 1 } },
      {
        kind: 'queued',
        runId: 'R2',
        number: 2,
        reason: 'cwd_busy',
        since: 7,
        ahead: { runs: 2, agent: 'ceo', number: 1 },
      },
    ],
    [
      'it will run',
      { gate: { ...gate, heartbeat: makePolicy({ enabled: true }) }, nextHeartbeatAt: 9, willSkip: 'quiet_hours' },
      { kind: 'scheduled', at: 9, willSkip: 'quiet_hours', onlyIf: [] },
    ],
    [
      'its schedule is switched off',
      { gate: { ...gate, heartbeat: makePolicy({ enabled: false }) }, nextHeartbeatAt: 9 },
      { kind: 'asked', sources: ['assignment', 'on_demand', 'automation'] },
    ],
    [
      'nothing but an assignment wakes it',
      { gate: { ...gate, heartbeat: makePolicy({ wakeOnOnDemand: false, wakeOnAutomation: false }) } },
      { kind: 'asked', sources: ['assignment'] },
    ],
  ];
  for (const [name, part, expected] of table) {
    it(name, () => {
      assert.deepEqual(explainNow({ ...calm, ...part }), expected);
    });
  }
});

/** Entries of a source, newest first, as [number, time]. */
const entries = (...rows: readonly (readonly [number, number])[]) =>
  rows.map(([number, at]) => ({ number, entry: { kind: 'skips', at, counts: [] } satisfies TimelineEntry }));
const none: TimelineSources = { wakeup: [], run: [], agentActivity: [], folderActivity: [], skipDay: [] };

describe('a timeline', () => {
  it('merges its sources, newest first, and says where it goes on', () => {
    const sources = { ...none, wakeup: entries([9, 90], [8, 50]), agentActivity: entries([3, 70], [2, 60]) };

    const { entries: shown, next } = mergeTimeline(sources, timelineStart, 3);

    assert.deepEqual(
      shown.map(({ at }) => at),
      [90, 70, 60],
    );
    assert.deepEqual(next, { ...timelineStart, wakeup: 9, agentActivity: 2 });
  });

  it('says that it has ended when just as many are left as a page has', () => {
    assert.equal(mergeTimeline({ ...none, run: entries([2, 2], [1, 1]) }, timelineStart, 2).next, null);
    assert.deepEqual(mergeTimeline(none, timelineStart, 2), { entries: [], next: null });
  });

  it('shows each entry once, page by page, though the clock was set back', () => {
    const all = {
      ...none,
      wakeup: entries([4, 10], [3, 500], [2, 400], [1, 5]),
      run: entries([7, 10], [6, 450], [5, 4]),
      skipDay: entries([0, 300]),
    };
    const seen: string[] = [];
    let cursor = timelineStart;
    for (let pages = 0; pages < 20; pages += 1) {
      const rest = Object.fromEntries(
        Object.entries(all).map(([source, rows]) => [
          source,
          rows.filter(({ number }) => number < cursor[source as keyof TimelineSources]).slice(0, 3),
        ]),
      ) as unknown as TimelineSources;
      const page = mergeTimeline(rest, cursor, 2);
      seen.push(...page.entries.map(({ at }) => String(at)));
      if (page.next === null) break;
      cursor = page.next;
    }
    const expected = Object.values(all)
      .flat()
      .map(({ entry }) => String(entry.at));
    assert.deepEqual([...seen].sort(), expected.sort());
  });
});
