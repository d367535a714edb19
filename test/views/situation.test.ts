import assert from 'node:assert/strict';
import { untranslated } from '../../src/format.ts';
import type { ViewedFolder } from '../../src/views/folderLevel.ts';
import { attentionBadge, situationOf, statusItem } from '../../src/views/situation.ts';
import { sampleAgent, sampleQuestion, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const unconnected = (status: ViewedFolder['status']): ViewedFolder => ({ name: 'a', path: '/a', status, state: null });
const unused = unconnected({ kind: 'unused' });
const connecting = unconnected({ kind: 'connecting', isReconnect: false });
const reconnecting = { kind: 'connecting', isReconnect: true } as const;
const failed = unconnected({ kind: 'failed', message: 'gone', action: 'retry' });
const running = sampleRun(1, { status: 'running', startedAt: 1 });
const pending = { agent: 'a', hash: 'h', before: null, after: 'x', summary: 's' };

describe('the situation of a window', () => {
  for (const [expected, folders] of [
    ['noFolder', []],
    ['unused', [unused]],
    ['connecting', [connecting]],
    ['failed', [failed]],
    ['missing', [viewedFolder({ configuration: { status: 'missing' } })]],
    ['invalid', [viewedFolder({ configuration: { status: 'invalid' } })]],
    ['ready', [viewedFolder({ configuration: { status: 'invalid' }, agents: [sampleAgent('a')] })]],
    ['ready', [unused, failed, viewedFolder()]],
    ['failed', [unused, failed]],
  ] as const) {
    it(`is ${expected} for ${folders.map(({ status }) => status.kind).join(' and ') || 'no folder'}`, () => {
      assert.equal(situationOf(folders), expected);
    });
  }
});

describe('the status bar item', () => {
  for (const [expected, folders] of [
    ['$(pulse) Reveille', [viewedFolder()]],
    ['$(pulse) Reveille: connecting…', [connecting]],
    ['$(sync~spin) 2 running', [viewedFolder({ runs: [running, sampleRun(2, { status: 'running' })] })]],
    ['$(sync~spin) 1 running, 2 queued', [viewedFolder({ runs: [running, sampleRun(2), sampleRun(3)] })]],
    ['$(clock) Reveille: 1 queued', [viewedFolder({ runs: [sampleRun(2)] })]],
    ['$(warning) Reveille: mistake in the configuration', [viewedFolder({ configuration: { status: 'invalid' } })]],
    ['$(pulse) Reveille: reconnecting…', [viewedFolder({ status: reconnecting, runs: [running] })]],
    [
      '$(pulse) Reveille: waiting for the older runtime',
      [viewedFolder({ status: { ...reconnecting, isWaitingForOlder: true } })],
    ],
    ['$(shield) Reveille: 1 to review', [viewedFolder({ pending: [pending] })]],
    ['$(sync~spin) 1 running', [viewedFolder({ pending: [pending], runs: [running] })]],
    ['$(comment-discussion) 2 waiting for you', [viewedFolder({ questions: [sampleQuestion(1), sampleQuestion(2)] })]],
    [
      '$(comment-discussion) 1 waiting for you, 1 running',
      [viewedFolder({ questions: [sampleQuestion(1)], runs: [running] })],
    ],
    [
      '$(comment-discussion) 1 waiting for you',
      [viewedFolder({ questions: [sampleQuestion(1)], runs: [{ ...running, waitingSince: 1 }] })],
    ],
    ['$(debug-stop) Reveille: stopped', [viewedFolder({ runtime: { isStopped: true } })]],
    ['$(debug-disconnect) Reveille: not connected', [failed]],
  ] as const) {
    it(`says "${expected}"`, () => {
      assert.equal(statusItem(folders, true, untranslated)?.text, expected);
    });
  }

  it('says what today cost, as far as it is known', () => {
    const today = { from: 0, to: 10, runs: 2, failedRuns: 0, runMs: 1, listedMicros: 0, runsWithoutCost: 1 };
    const agents = [
      sampleAgent('a', { today: { ...today, costMicros: 320_000 } }),
      sampleAgent('b', { today: { ...today, costMicros: null } }),
    ];
    const item = statusItem([viewedFolder({ agents })], true, untranslated, 5);
    assert.equal(item?.text, '$(pulse) Reveille · $0.32 today');
    assert.match(item.tooltip, /Cost today: \$0\.32, unknown for 2 runs/);
    assert.equal(statusItem([viewedFolder({ agents })], true, untranslated, 10)?.text, '$(pulse) Reveille');
  });

  it('stays away from folders that do not use Reveille', () => {
    assert.equal(statusItem([unused], true, untranslated), null);
    assert.equal(statusItem([], true, untranslated), null);
  });
});

describe('the badge on the icon', () => {
  it('counts what waits for the user, and says what it is', () => {
    assert.equal(attentionBadge([viewedFolder()], true, untranslated), undefined);
    assert.deepEqual(attentionBadge([viewedFolder({ pending: [pending] })], true, untranslated), {
      value: 1,
      tooltip: '1 agent definition waits for your review',
    });
    const invalid = viewedFolder({ pending: [pending, pending], configuration: { status: 'invalid' } });
    assert.deepEqual(attentionBadge([invalid], true, untranslated), {
      value: 3,
      tooltip: '2 agent definitions wait for your review, the configuration has a mistake',
    });
  });

  it('counts no review that an untrusted window cannot give', () => {
    const folders = [viewedFolder({ pending: [pending] })];
    assert.equal(attentionBadge(folders, false, untranslated), undefined);
    assert.equal(statusItem(folders, false, untranslated)?.text, '$(pulse) Reveille');
    assert.match(statusItem(folders, false, untranslated)?.tooltip ?? '', /Restricted Mode/);
  });
});

describe('a run that says nothing', () => {
  it('counts on the icon of the view container', () => {
    const silent = viewedFolder({ runs: [{ ...running, stalledSince: 5 }] });
    assert.deepEqual(attentionBadge([silent], true, untranslated), { value: 1, tooltip: '1 run says nothing' });
    assert.match(statusItem([silent], true, untranslated)?.tooltip ?? '', /1 run says nothing/);
  });
});
