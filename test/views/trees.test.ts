import assert from 'node:assert/strict';
import { untranslated } from '../../src/format.ts';
import type { Run } from '../../src/runtime/model.ts';
import { agentRows } from '../../src/views/agentsModel.ts';
import { issueRows } from '../../src/views/issuesModel.ts';
import { runRows } from '../../src/views/runsModel.ts';
import { changedNodes, escapeMarkdown, treeNode } from '../../src/views/treeNode.ts';
import { sampleAgent, sampleIssue, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const now = 10 * 3_600_000;
const view = { now, t: untranslated };
const noPages = new Map<string, never>();

describe('the Agents view', () => {
  it('shows each agent with its active runs below it, oldest first, then its last ones', () => {
    const folder = viewedFolder({
      agents: [
        sampleAgent('engineer', { status: 'running', nextHeartbeatAt: now + 5 * 60_000 }),
        sampleAgent('auditor'),
      ],
      runs: [
        sampleRun(3, { heldFor: 'scope_busy' }),
        sampleRun(2, { status: 'running', startedAt: now - 120_000 }),
        sampleRun(1, { status: 'succeeded', startedAt: 1, finishedAt: 2 }),
      ],
    });
    const rows = agentRows([folder], view);
    assert.deepEqual(
      rows.map((row) => [row.label, row.description]),
      [
        ['engineer', 'running · 1 queued · next in 5 min'],
        ['auditor', 'idle'],
      ],
    );
    assert.deepEqual(
      rows[0]?.children.map((row) => row.description),
      ['running · started 2 min ago', 'queued · waits for the run of the same task', `succeeded · < 0.1 s · 9 h ago`],
    );
  });

  it('tells in the tooltip what an agent did and skipped today, and nothing of another day', () => {
    const hourMs = 3_600_000;
    const unknownCost = { costMicros: null, listedMicros: 0, runsWithoutCost: 4 };
    const today = { from: now - hourMs, to: now + hourMs, runs: 4, failedRuns: 1, runMs: 12 * 60_000, ...unknownCost };
    const skips = { day: 0, counts: [{ reason: 'paused', skips: 12 }] } as const;
    const tooltip = (part: Parameters<typeof sampleAgent>[1]): string =>
      agentRows([viewedFolder({ agents: [sampleAgent('a', part)] })], view)[0]?.tooltip ?? '';

    const busy = tooltip({ today, skips });
    assert.ok(busy.includes(`${escapeMarkdown('Runs today')}: ${escapeMarkdown('4 (1 failed), 12 min')}`), busy);
    assert.ok(busy.includes(`${escapeMarkdown('Skipped today (UTC)')}: ${escapeMarkdown('12 (paused)')}`), busy);
    const several = { day: 0, counts: [...skips.counts, { reason: 'coalesced', skips: 3 }] } as const;
    assert.ok(tooltip({ skips: several }).includes(escapeMarkdown('15 (12 paused, 3 already at work)')));
    assert.ok(tooltip({ today: { ...today, failedRuns: 0 } }).includes(`: ${escapeMarkdown('4, 12 min')}`));
    const { heartbeat } = sampleAgent('a');
    const skipping = tooltip({ heartbeat: { ...heartbeat, skipWhenIdle: true, onlyIf: ['git_head', 'files'] } });
    assert.ok(skipping.includes(escapeMarkdown('skipWhenIdle, onlyIf: git_head, files')), skipping);
    assert.doesNotMatch(tooltip({}), /skipWhenIdle/);
    for (const other of [
      { today: { ...today, from: now + 1 } },
      { today: { ...today, to: now } },
      { today: { ...today, runs: 0 } },
      { skips: { ...skips, day: 1 } },
    ]) {
      assert.doesNotMatch(tooltip(other), /today/);
    }
  });

  it('says what runs cost: each, and those of the day', () => {
    const model = { model: 'm', cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 80, isListPrice: true };
    const usage = { models: [{ ...model, inputTokens: 1200, costMicros: 12_000 }], turns: 2 };
    const day = { from: now - 1, to: now + 1, runs: 1, failedRuns: 0, runMs: 1 };
    const today = { ...day, costMicros: 12_000, listedMicros: 12_000, runsWithoutCost: 0 };
    const runs = [sampleRun(1, { agent: 'a', status: 'succeeded', startedAt: 1, finishedAt: 2, usage })];
    const [row] = agentRows([viewedFolder({ agents: [sampleAgent('a', { today })], runs })], view);
    assert.match(row?.description ?? '', /≈ \$0\.012 today/);
    assert.ok(row);
    assert.ok(row.tooltip.includes(`${escapeMarkdown('Cost today')}: ${escapeMarkdown('≈ $0.012')}`), row.tooltip);
    const [run] = row.children;
    assert.equal(run?.description, 'succeeded · < 0.1 s · ≈ $0.012 · 9 h ago');
    assert.ok(run.tooltip.includes(escapeMarkdown('≈ $0.012 by list price')), run.tooltip);
    assert.ok(run.tooltip.includes(escapeMarkdown('m: 1.2 k in, 80 out; 2 turns')), run.tooltip);
  });

  it('says how the last run ended when it did not go well', () => {
    const failed = sampleRun(7, { status: 'failed', startedAt: 1, finishedAt: 2, exitCode: 3 });
    const part = { lastRunId: failed.id, lastRunStatus: 'failed', lastRunAt: 2 } as const;
    const rows = agentRows(
      [
        viewedFolder({
          agents: [
            sampleAgent('a', { ...part, status: 'error' }),
            sampleAgent('b', { ...part, lastRunId: 'older' }),
            sampleAgent('c', { lastRunStatus: 'succeeded' }),
          ],
          runs: [failed],
        }),
      ],
      view,
    );
    assert.deepEqual(
      rows.map(({ description }) => description),
      ['error · last run failed with exit code 3', 'idle · last run failed', 'idle'],
    );
  });

  it('shows no folders at all when none of them has a row, so that the welcome text can speak', () => {
    const folders = [viewedFolder({ name: 'one' }), viewedFolder({ name: 'two' })];
    assert.deepEqual(agentRows(folders, view), []);
    assert.deepEqual(issueRows(folders, view), []);
  });

  it('says at a folder among others what stands in its way', () => {
    const folders = [
      viewedFolder({ name: 'one', agents: [sampleAgent('a')], configuration: { status: 'invalid' } }),
      viewedFolder({ name: 'two', configuration: { status: 'missing' } }),
      viewedFolder({ name: 'three', runtime: { isStopped: true } }),
    ];
    assert.deepEqual(
      agentRows(folders, view).map(({ description }) => description),
      ['mistake in the configuration', 'no configuration', 'stopped'],
    );
  });

  it('puts a level of folders above only when there is more than one', () => {
    const one = viewedFolder({ name: 'one', agents: [sampleAgent('engineer')] });
    const two = viewedFolder({ name: 'two', agents: [sampleAgent('engineer')] });
    assert.deepEqual(
      agentRows([one], view).map(({ label }) => label),
      ['engineer'],
    );
    const rows = agentRows([one, two], view);
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['one', 'two'],
    );
    assert.notEqual(rows[0]?.children[0]?.id, rows[1]?.children[0]?.id);
  });

  it('keeps the folder that could not be connected visible beside one that is', () => {
    const failed = {
      ...viewedFolder({ name: 'two' }),
      state: null,
      status: { kind: 'failed', message: 'x', action: 'retry' } as const,
    };
    const rows = agentRows([viewedFolder({ name: 'one' }), failed], view);
    assert.equal(rows[1]?.description, 'not connected');
    assert.match(rows[1].flags, /\bfailed\b/);
  });

  it('marks an agent that waits for review and opens the review on a click', () => {
    const [row] = agentRows(
      [viewedFolder({ agents: [sampleAgent('new', { consent: 'pending', isRunnable: false })] })],
      view,
    );
    assert.equal(row?.description, 'waits for your review');
    assert.equal(row.command, 'reveille.configuration.review');
    assert.match(row.flags, /\bpendingReview\b/);
    assert.doesNotMatch(row.flags, /\brunnable\b/);
  });

  it('plans no heartbeat aloud while everything is stopped', () => {
    const folder = viewedFolder({
      agents: [sampleAgent('a', { nextHeartbeatAt: now + 60_000 })],
      runtime: { isStopped: true },
    });
    assert.equal(agentRows([folder], view)[0]?.description, 'idle');
  });

  it('says of an agent that was paused while a run of it goes on, and lets it be resumed', () => {
    const agent = sampleAgent('a', { status: 'running', isPaused: true, nextHeartbeatAt: 5 });
    const [row] = agentRows([viewedFolder({ agents: [agent] })], view);
    assert.match(row?.description ?? '', /^running · paused after this$/);
    assert.match(row?.flags ?? '', /\bpaused\b/);
  });

  it('says in words for a screen reader what the icon shows', () => {
    const [row] = agentRows([viewedFolder({ agents: [sampleAgent('a', { status: 'paused' })] })], view);
    assert.equal(row?.spoken, 'a, paused');
  });

  it('shows hostile names in a tooltip as themselves', () => {
    const [row] = agentRows(
      [viewedFolder({ agents: [sampleAgent('a', { role: '[x](command:evil) <img src=x> $(bug) **b**' })] })],
      view,
    );
    assert.doesNotMatch(row?.tooltip ?? '', /\[x\]|\(command:|<img|\$\(bug|\*\*b/);
  });
});

describe('the Issues view', () => {
  it('shows open issues only, the most urgent first, then the newest', () => {
    const issues = [
      sampleIssue(1, { priority: 'urgent', assignee: 'engineer' }),
      sampleIssue(2),
      sampleIssue(3, { status: 'done' }),
      sampleIssue(4, { status: 'blocked' }),
    ];
    assert.deepEqual(
      issueRows([viewedFolder({ issues })], view).map((row) => `${row.label} · ${row.description}`),
      [
        '#1 Issue 1 · engineer · to do · urgent',
        '#4 Issue 4 · not assigned · blocked',
        '#2 Issue 2 · not assigned · to do',
      ],
    );
  });

  it('shows parts below their issue, one of a closed issue by itself, and what each waits for', () => {
    const issues = [
      sampleIssue(1, { openChildren: 1 }),
      sampleIssue(2, { parentId: 'issue-1', blockedBy: ['issue-1', 'issue-5', 'unknown'], comments: 2 }),
      sampleIssue(3, { parentId: 'issue-2' }),
      sampleIssue(4, { status: 'done' }),
      sampleIssue(5, { parentId: 'issue-4' }),
    ];
    const rows = issueRows([viewedFolder({ issues })], view);
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['#5 Issue 5', '#1 Issue 1'],
    );
    const part = rows[1]?.children[0];
    assert.equal(part?.description, 'not assigned · to do · waits for #1, #5, #? · comments: 2');
    assert.match(part.flags, /\bwaiting\b/);
    assert.deepEqual(
      part.children.map(({ label }) => label),
      ['#3 Issue 3'],
    );
  });
});

describe('the Runs view', () => {
  const settled = (number: number) =>
    sampleRun(number, { status: 'succeeded', startedAt: now - 90_000, finishedAt: now - 60_000 });

  it('shows runs newest first with outcome, duration and age', () => {
    const runs = [settled(1), sampleRun(2, { status: 'running', startedAt: now - 60_000 })];
    const rows = runRows([viewedFolder({ runs })], noPages, view);
    assert.deepEqual(
      rows.map((row) => row.description),
      ['running · started 1 min ago · asked for', 'succeeded · 30 s · 1 min ago · asked for'],
    );
  });

  it('shows above them what is queued, in the order in which it may start, and what each waits for', () => {
    const runs = [
      settled(1),
      sampleRun(2, { priority: 2, place: 20, heldFor: 'cwd_busy' }),
      sampleRun(3, { priority: 2, place: 10 }),
      sampleRun(4, { priority: 0, place: 40, heldFor: 'paused' }),
    ];
    const rows = runRows([viewedFolder({ runs })], noPages, view);
    assert.deepEqual(
      rows.map(({ label, description }) => [label, description]),
      [
        ['Queue', '3'],
        ['engineer', 'succeeded · 30 s · 1 min ago · asked for'],
      ],
    );
    assert.deepEqual(
      rows[0]?.children.map(({ subject, description }) => [subject?.kind === 'run' && subject.runId, description]),
      [
        ['run-4', 'queued · waits until the agent is resumed · asked for'],
        ['run-3', 'queued · waits for its turn · asked for'],
        ['run-2', 'queued · waits for another run in the same directory · asked for'],
      ],
    );
    assert.match(rows[0].children[0]?.flags ?? '', /\brun\b.*\bqueued\b/);
  });

  it('offers older runs once a full first page is shown, and no longer when the last page came', () => {
    const runs = Array.from({ length: 50 }, (_, index) => settled(index + 10));
    const folder = viewedFolder({ runs });
    assert.equal(runRows([folder], noPages, view).at(-1)?.command, 'reveille.run.loadMore');
    const pages = new Map([[folder.path, { runs: [settled(9), settled(10)], hasMore: false }]]);
    const rows = runRows([folder], pages, view);
    assert.equal(rows.length, 51);
    assert.match(rows.at(-1)?.id ?? '', /run-9$/);
  });

  it('flags a run that can be cancelled, and not one that is already ending', () => {
    const active = /\brun\b.*\bsteady\b.*\bactive\b/;
    const flags = (part: object) =>
      runRows([viewedFolder({ runs: [sampleRun(1, part)] })], noPages, view)[0]?.flags ?? '';
    assert.match(flags({ status: 'running', startedAt: now }), active);
    assert.doesNotMatch(flags({ status: 'running', startedAt: now, isCancelling: true }), active);
    assert.doesNotMatch(flags({ status: 'failed', startedAt: 1, finishedAt: 2 }), active);
  });
});

describe('the changes in the row of a run', () => {
  const rowOf = (part: Parameters<typeof sampleRun>[1]) => {
    const settled = { status: 'succeeded', startedAt: 1, finishedAt: 2 } as const;
    return runRows([viewedFolder({ runs: [sampleRun(1, { ...settled, ...part })] })], noPages, view)[0];
  };
  const recorded = { kind: 'recorded', files: 3, addedLines: 12, removedLines: 4, notes: [] } as const;

  it('are counted in its tooltip, with what limits the account', () => {
    const tooltipOf = (changes: Run['changes']): string => rowOf({ changes })?.tooltip ?? '';
    assert.ok(tooltipOf(recorded).includes(escapeMarkdown('3 files, +12 −4')));
    assert.ok(
      tooltipOf({ ...recorded, files: 1, notes: ['overlap'] }).includes(
        escapeMarkdown('1 file, +12 −4 (may contain changes of others)'),
      ),
    );
    assert.ok(tooltipOf({ ...recorded, files: 0 }).includes('no files'));
    assert.ok(
      tooltipOf({ kind: 'unknown', gap: 'no_repository' }).includes(
        escapeMarkdown('not recorded: its folder is not in a git repository'),
      ),
    );
    assert.doesNotMatch(tooltipOf(null), /Changes/);
  });

  it('can be opened and undone where there are any, as long as they are kept', () => {
    const isOffered = (part: Parameters<typeof sampleRun>[1]) => /\brun\b.*\bchanged\b/.test(rowOf(part)?.flags ?? '');
    assert.equal(isOffered({ changes: recorded }), true);
    assert.equal(isOffered({ changes: { ...recorded, files: 0 } }), false);
    assert.equal(isOffered({ changes: recorded, logRemoval: { reason: 'age', limit: 1 } }), false);
    assert.equal(isOffered({ changes: { kind: 'unknown', gap: 'no_git' } }), false);
  });
});

describe('redrawing', () => {
  const row = (id: string, description: string, children: ReturnType<typeof treeNode>[] = []) =>
    treeNode({ id, label: id, description, icon: { id: 'x' }, children, expanded: 'expanded' });

  it('touches nothing when nothing looks different', () => {
    assert.deepEqual(changedNodes([row('a', '1', [row('b', '1')])], [row('a', '1', [row('b', '1')])]), []);
  });

  it('touches only the row that looks different', () => {
    const changed = changedNodes(
      [row('a', '1', [row('b', '1'), row('c', '1')])],
      [row('a', '1', [row('b', '1'), row('c', '2')])],
    );
    assert.deepEqual(changed === 'all' ? changed : changed.map(({ id }) => id), ['c']);
  });

  it('touches the parent when its list of rows changed', () => {
    const changed = changedNodes([row('a', '1', [])], [row('a', '1', [row('b', '1')])]);
    assert.deepEqual(changed === 'all' ? changed : changed.map(({ id }) => id), ['a']);
  });

  it('draws a whole level again when one of its rows gets or loses its arrow', () => {
    const leaf = treeNode({ id: 'b', label: 'b', icon: { id: 'x' } });
    const branch = treeNode({ id: 'b', label: 'b', icon: { id: 'x' }, expanded: 'collapsed' });
    assert.equal(changedNodes([row('a', '1'), leaf], [row('a', '1'), branch]), 'all');
  });

  it('starts over when the top level changed', () => {
    assert.equal(changedNodes([row('a', '1')], [row('b', '1'), row('a', '1')]), 'all');
  });

  it('escapes everything that Markdown could read', () => {
    assert.match(escapeMarkdown('[a](b) <c> $(d) `e` https://f'), /^[^[\]()<>$`:]*$/);
  });
});
