import assert from 'node:assert/strict';
import { untranslated } from '../src/format.ts';
import type { TimelineEntry, WhyNow } from '../src/runtime/insight.ts';
import { holdReasons } from '../src/runtime/model.ts';
import { describeNow, describeQueue, describeWhy, type Why } from '../src/whyText.ts';
import { sampleRun } from './support/sampleState.ts';

const formatTime = (at: number): string => `<${String(at)}>`;
const minuteMs = 60_000;

function why(now: WhyNow, entries: readonly TimelineEntry[] = [], next: Why['next'] = null): Why {
  return { agent: 'engineer', at: 10 * minuteMs, now, entries, next };
}

describe('the answer for now', () => {
  const table: readonly (readonly [WhyNow, string])[] = [
    [{ kind: 'running', runId: 'R', number: 7, since: 8 * minuteMs }, 'engineer runs now: run 7 R, started 2 min ago.'],
    [
      { kind: 'held', reason: 'paused', note: 'too\ndear', waiting: 2 },
      'engineer does not run because it is paused (too dear); resume it. Runs that wait for it: 2.',
    ],
    [
      { kind: 'held', reason: 'consent', note: null, waiting: 0 },
      'engineer does not run because its definition waits for your review; review the configuration.',
    ],
    [
      { kind: 'queued', runId: 'R', number: 7, reason: 'cwd_busy', since: 5 * minuteMs, ahead: null },
      'engineer does not run yet because another run works in its directory; wait for that run, or set shareCwd. Run 7 R was queued 5 min ago.',
    ],
    [
      {
        kind: 'queued',
        runId: 'R',
        number: 7,
        reason: 'slots_busy',
        since: 10 * minuteMs,
        ahead: { runs: 3, agent: 'ceo', number: 9 },
      },
      'engineer does not run yet because all slots are taken; wait for a run to end, or cancel one. Run 7 R was queued just now. Runs before it in the queue, by priority and age: 3; first run 9 of ceo.',
    ],
    [
      { kind: 'queued', runId: 'R', number: 7, reason: null, since: 10 * minuteMs, ahead: null },
      'engineer does not run yet because it is about to start. Run 7 R was queued just now.',
    ],
    [
      { kind: 'scheduled', at: 99, willSkip: null, onlyIf: ['files'] },
      'engineer will run next at <99> because its schedule says so.',
    ],
    [
      { kind: 'scheduled', at: 99, willSkip: 'quiet_hours', onlyIf: ['files'] },
      'engineer will run next at <99> because its schedule says so, but that time lies in its quiet hours and will be skipped.',
    ],
    [
      { kind: 'scheduled', at: 99, willSkip: 'nothing_to_do', onlyIf: [] },
      'engineer will run next at <99> because its schedule says so, but will be skipped if there is still nothing to do.',
    ],
    [
      { kind: 'scheduled', at: 99, willSkip: 'nothing_to_do', onlyIf: ['git_head', 'files', 'diagnostics'] },
      'engineer will run next at <99> because its schedule says so, but will be skipped if there is still nothing to do and this is as its last run left it: the commit, the files, errors and warnings.',
    ],
    [
      { kind: 'asked', sources: ['assignment', 'on_demand'] },
      'engineer does not run because it has no schedule and nothing waits; it wakes by: assignment, on demand.',
    ],
    [
      { kind: 'asked', sources: [] },
      'engineer does not run because its configuration switches every kind of wake off; allow one there.',
    ],
  ];
  for (const [now, expected] of table) {
    it(expected, () => {
      assert.equal(describeNow(why(now), formatTime, untranslated), expected);
    });
  }

  it('says of everything that holds an agent what to do about it', () => {
    for (const reason of holdReasons) {
      const text = describeNow(why({ kind: 'held', reason, note: null, waiting: 0 }), formatTime, untranslated);
      assert.match(text, /^engineer does not run because [^;]+; [^;]+\.$/);
    }
  });
});

describe('the account of an agent', () => {
  it('tells each entry on one line, with its time and what came of it', () => {
    const run = sampleRun(7, { status: 'succeeded', startedAt: 1000, finishedAt: 3000, reason: 'Scheduled' });
    const wakeup = {
      kind: 'wakeup',
      source: 'timer',
      reason: 'Scheduled',
      statusReason: null,
      hasText: false,
      isFresh: false,
    } as const;
    const entries: readonly TimelineEntry[] = [
      { kind: 'change', at: 5, action: 'agent.paused', actor: 'user:window', text: 'two\nlines', setting: null },
      { kind: 'run', at: 4, run },
      { ...wakeup, at: 3, status: 'completed', runId: run.id },
      { ...wakeup, at: 2, status: 'queued', runId: 'ELSEWHERE', source: 'on_demand', hasText: true, isFresh: true },
      { ...wakeup, at: 2, status: 'refused', runId: null, statusReason: 'issue_closed' },
      {
        kind: 'skips',
        at: 1,
        counts: [
          { reason: 'paused', skips: 12 },
          { reason: 'coalesced', skips: 1 },
        ],
      },
      {
        kind: 'change',
        at: 0,
        action: 'heartbeat.skipped',
        actor: 'runtime',
        text: null,
        setting: 'onlyIf: git_head',
      },
      { kind: 'change', at: 0, action: 'runtime.started', actor: 'runtime', text: null, setting: null },
    ];
    const cursor = { wakeup: 1, run: 1, agentActivity: 1, folderActivity: 1, skipDay: 1 };

    const [, , ...lines] = describeWhy(why({ kind: 'asked', sources: [] }, entries, cursor), formatTime, untranslated);

    assert.deepEqual(lines, [
      '<5>  Paused (user:window): two lines',
      '<4>  Run 7 run-7 · succeeded after 2.0 s · Scheduled',
      '<3>  Wake by heartbeat: Scheduled · delivered → run 7',
      '<2>  Wake by on demand: Scheduled, with a message, with a fresh session · waits → ELSEWHERE',
      '<2>  Wake by heartbeat: Scheduled · refused (issue closed)',
      '<1>  Scheduled heartbeats skipped on that day (UTC): 12 paused, 1 already at work.',
      '<0>  Heartbeats skipped from now on · onlyIf: git_head',
      '<0>  Runtime started',
      '',
      'There is more before this.',
    ]);
  });

  it('says so when nothing has happened', () => {
    assert.equal(
      describeWhy(why({ kind: 'asked', sources: [] }), formatTime, untranslated)[2],
      'Nothing has happened to engineer yet.',
    );
  });
});

describe('the account of the queue', () => {
  it('tells what each waits for, since when, and what it brings', () => {
    const entries = [
      { run: sampleRun(2, { heldFor: 'cwd_busy' }), since: 5 * minuteMs, wakeups: 2, messages: 1, isFresh: true },
      { run: sampleRun(1), since: 8 * minuteMs, wakeups: 1, messages: 0, isFresh: false },
    ];
    const behind = [
      { run: sampleRun(3, { status: 'running' }), since: 9 * minuteMs, wakeups: 1, messages: 1, isFresh: false },
    ];
    assert.deepEqual(describeQueue({ entries, behind, hasMore: true }, 10 * minuteMs, untranslated), [
      'run-2  engineer  another run works in its directory · since 5 min ago · wakes: 2 · with messages: 1 · with a fresh session · asked for',
      'run-1  engineer  next in turn · since 2 min ago · wakes: 1 · asked for',
      '…',
      'run-3  engineer  waits for the end of this run · since 1 min ago · wakes: 1 · with messages: 1 · asked for',
    ]);
  });

  it('says so when nothing waits', () => {
    assert.deepEqual(describeQueue({ entries: [], behind: [], hasMore: false }, 0, untranslated), ['Nothing waits.']);
  });
});
