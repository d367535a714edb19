import assert from 'node:assert/strict';
import type { Settlement } from '../../../src/runtime/store/runTable.ts';
import { findAgent, type AgentRow } from '../../../src/runtime/store/agentTable.ts';
import { findIssue, insertIssue, setIssueStatus } from '../../../src/runtime/store/issueTable.ts';
import { noStreak } from '../../../src/runtime/store/streakTable.ts';
import { resumeAgent } from '../../../src/runtime/wakeups/agentStates.ts';
import {
  countRun,
  errorOf,
  explainTrip,
  findTrip,
  type JudgedRun,
  type Streaks,
} from '../../../src/runtime/wakeups/loopBreaker.ts';
import { sampleIssue } from '../../support/sampleState.ts';
import { limited, lost, transient, WakeFixture } from '../../support/wakeFixture.ts';

const nothing = { agent: noStreak, scope: noStreak };
const failed = {
  status: 'failed',
  errorCode: 'exit_code',
  setback: null,
  message: 'm',
  stderrExcerpt: 'boom',
} as const;
const good = { ...failed, status: 'succeeded', errorCode: null } as const;
const unchanged = { kind: 'recorded', files: 0, addedLines: 0, removedLines: 0, notes: [] } as const;
const changed = { ...unchanged, files: 1 } as const;

function judged(part: Partial<JudgedRun> = {}): JudgedRun {
  return { settlement: failed, changes: null, hasIssue: false, isIssueTouched: false, hasMessage: false, ...part };
}

function countAll(runs: readonly Partial<JudgedRun>[]): number[] {
  const end = runs.reduce<Streaks>((streaks, run) => countRun(streaks, judged(run)), nothing);
  return [end.agent.failures, end.agent.sameErrors, end.scope.unchanged];
}

describe('what the loop breaker counts', () => {
  const idle = { settlement: good, changes: unchanged, hasIssue: true };
  const cases: [string, Partial<JudgedRun>[], number[]][] = [
    ['failures, and those with one error', [{}, {}, {}], [3, 3, 0]],
    ['another error anew', [{}, {}, { settlement: { ...failed, errorCode: 'timeout' } }], [3, 1, 0]],
    ['nothing once one succeeds', [{}, {}, { settlement: good }], [0, 0, 0]],
    ['not what was cancelled', [{}, { settlement: { ...failed, status: 'cancelled' } }, {}], [2, 2, 0]],
    ['not what was lost', [{}, { settlement: { ...failed, errorCode: 'process_lost' } }, {}], [2, 2, 0]],
    [
      'not a limit',
      [{}, { settlement: { ...failed, setback: { kind: 'rate_limit', limit: '', until: null } } }],
      [1, 1, 0],
    ],
    ['a message of a person as a beginning', [{}, {}, { hasMessage: true }], [1, 1, 0]],
    ['runs that changed nothing', [idle, idle, idle], [0, 0, 3]],
    ['failed runs that changed nothing', [idle, { ...idle, settlement: failed }], [1, 1, 2]],
    ['nothing once one changes files', [idle, idle, { ...idle, changes: changed }], [0, 0, 0]],
    ['nothing once one touches the issue', [idle, idle, { ...idle, isIssueTouched: true }], [0, 0, 0]],
    ['nothing once a person writes', [idle, idle, { ...idle, hasMessage: true }], [0, 0, 0]],
    ['no runs without an issue', [{ ...idle, hasIssue: false }], [0, 0, 0]],
    [
      'not what nobody knows',
      [idle, { ...idle, changes: { kind: 'unknown', gap: 'no_git' } }, { ...idle, changes: null }],
      [0, 0, 1],
    ],
  ];
  for (const [what, runs, expected] of cases) {
    it(what, () => {
      assert.deepEqual(countAll(runs), expected);
    });
  }

  it('one error as the same though times, ids and numbers in it differ', () => {
    const texts = [
      'at 12:03 request 01KAJZ6V3D8W1Y2Z3A4B5C6D7E failed after 3.2 s (0xdeadbeef)\n\n',
      'first line\nAt 23:59 request 01KAJZ6V3D8W1Y2Z3A4B5C6D7F failed after 17.9 s (0xfeedf00d)',
      '\u001b[31mat 1:2 request 01KAJZ6V3D8W1Y2Z3A4B5C6D70 failed after 1.0 s (0x12345678)\u001b[0m\r\n',
    ];
    assert.equal(new Set(texts.map((stderrExcerpt) => errorOf({ ...failed, stderrExcerpt }))).size, 1);
    assert.notEqual(errorOf(failed), errorOf({ ...failed, stderrExcerpt: 'another' }));
    assert.equal(errorOf({ ...failed, stderrExcerpt: '' }), 'exit_code: m');
  });

  it('up to each limit, of which 0 is none', () => {
    const limits = { failures: 5, sameError: 3, unchanged: 2 };
    const streaks = (failures: number, sameErrors: number, none: number): Streaks => ({
      agent: { ...noStreak, failures, sameErrors },
      scope: { ...noStreak, unchanged: none },
    });
    assert.equal(findTrip(limits, streaks(4, 2, 1)), null);
    assert.deepEqual(findTrip(limits, streaks(5, 2, 1)), { rule: 'failures', count: 5 });
    assert.deepEqual(findTrip(limits, streaks(4, 3, 1)), { rule: 'sameError', count: 3 });
    assert.deepEqual(findTrip(limits, streaks(0, 0, 2)), { rule: 'unchanged', count: 2 });
    assert.equal(findTrip({ failures: 0, sameError: 0, unchanged: 0 }, streaks(99, 99, 99)), null);
    assert.match(explainTrip({ rule: 'failures', count: 5 }), /5 runs in a row failed\.$/);
  });
});

describe('an agent that does not get on', () => {
  const crash: Partial<Settlement> = { status: 'failed', errorCode: 'exit_code', message: 'Exit code 1' };
  const agentOf = (fixture: WakeFixture): AgentRow | undefined => findAgent(fixture.store, 'a');
  const ask = (fixture: WakeFixture, issueId: string | null = null): string =>
    fixture.ask({ text: null, issueId, source: 'automation', author: 'runtime' }).runId ?? '';

  it('stops itself, says why, and begins anew when it is resumed', async () => {
    await using fixture = await WakeFixture.open();
    fixture.end(ask(fixture), crash);
    fixture.end(ask(fixture), crash);
    assert.equal(agentOf(fixture)?.state, 'active');

    fixture.end(ask(fixture), crash);

    assert.equal(agentOf(fixture)?.state, 'tripped');
    assert.match(agentOf(fixture)?.stateReason ?? '', /3 runs in a row failed with the same error/);
    const entry = fixture.store.get(`SELECT result, details FROM activity WHERE action = 'agent.tripped'`);
    assert.deepEqual(entry, ['sameError', '{"rule":"sameError","count":3}']);
    fixture.state.commit((transaction) => {
      resumeAgent(transaction, fixture.audit, 'a', 'user:cli');
    });
    fixture.end(ask(fixture), crash);
    fixture.end(ask(fixture), crash);
    assert.equal(agentOf(fixture)?.state, 'active');
  });

  it('is not stopped by limits, losses and cancelled runs, and by a chain of attempts once', async () => {
    await using fixture = await WakeFixture.open();
    for (const end of [limited(null), lost, { status: 'cancelled', errorCode: 'cancelled_by_stop' } as const]) {
      for (let index = 0; index < 6; index += 1) {
        fixture.end(fixture.ask({ text: null, isForced: true }).runId ?? '', end);
      }
    }
    assert.deepEqual(fixture.store.all('SELECT * FROM streak'), []);
    for (const run of fixture.queued) fixture.queue.discard(run.id, 'x');
    fixture.end(fixture.ask({ text: null, isForced: true }).runId ?? '');

    fixture.ask({ text: null });
    for (let run = fixture.queued[0]; run !== undefined; run = fixture.queued[0]) fixture.end(run.id, transient);

    assert.equal(agentOf(fixture)?.state, 'active');
    const [failures] = fixture.store.get(`SELECT failures FROM streak WHERE agent = 'a' AND task_key = ''`) ?? [];
    assert.equal(failures, 1);
  });

  it('stops itself when runs on an issue change nothing, unless the issue is touched', async () => {
    for (const isTouched of [false, true]) {
      await using fixture = await WakeFixture.open();
      fixture.state.commit((transaction) => {
        insertIssue(transaction, { ...sampleIssue(1), status: 'todo' });
      });
      for (let index = 0; index < 5; index += 1) {
        const runId = ask(fixture, 'issue-1');
        fixture.queue.claim(runId, { commandLine: '', cwd: '/' });
        fixture.clock.tick(1000);
        if (isTouched) {
          fixture.state.commit((transaction) => {
            setIssueStatus(transaction, 'issue-1', 'in_review', fixture.clock.now());
          });
        }
        fixture.settle(runId, { changes: { kind: 'recorded', files: 0, addedLines: 0, removedLines: 0, notes: [] } });
        assert.notEqual(findIssue(fixture.store, 'issue-1')?.status, 'done');
      }
      assert.equal(agentOf(fixture)?.state, isTouched ? 'active' : 'tripped', String(isTouched));
    }
  });

  it('never stops itself where the loop breaker is off', async () => {
    await using fixture = await WakeFixture.open({ loopBreaker: { failures: 0, sameError: 0, unchanged: 0 } });
    for (let index = 0; index < 12; index += 1) fixture.end(ask(fixture), crash);
    assert.equal(agentOf(fixture)?.state, 'active');
  });
});
