import assert from 'node:assert/strict';
import { untranslated } from '../../src/format.ts';
import { agentRows } from '../../src/views/agentsModel.ts';
import { inboxBadge, inboxRows } from '../../src/views/inboxModel.ts';
import { newQuestions, rememberQuestions } from '../../src/views/questionNews.ts';
import { runRow } from '../../src/views/runRow.ts';
import { sampleAgent, sampleQuestion, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const view = { now: 120_000, t: untranslated };

describe('the Inbox', () => {
  it('has the newest question first, its choices below it, and says whether a run waits', () => {
    const waiting = sampleRun(1, { status: 'running', startedAt: 1, waitingSince: 2 });
    const folder = viewedFolder({
      runs: [waiting],
      questions: [
        sampleQuestion(1, { text: 'Old?', runId: 'gone', choices: ['a', 'b', 'c', 'd'] }),
        sampleQuestion(2, { text: 'Which *one*\nof $(them)?', choices: ['this', 'that'] }),
      ],
    });
    const rows = inboxRows([folder], view);
    assert.deepEqual(
      rows.map(({ label, description, children }) => [label, description, children.map((child) => child.label)]),
      [
        ['Which *one* of $(them)?', 'engineer · the run waits · 1 min ago', ['this', 'that']],
        ['Old?', 'engineer · the run has ended · 1 min ago', []],
      ],
    );
    assert.deepEqual(rows[0]?.children[1]?.subject, {
      kind: 'question',
      folder: folder.path,
      questionId: 'question-2',
      choice: 'that',
    });
    assert.ok(!rows[0].tooltip.includes('*one*'), 'what an agent wrote is no Markdown');
    assert.deepEqual(inboxBadge([folder], untranslated), { value: 2, tooltip: '2 questions wait for you' });
    assert.equal(inboxBadge([viewedFolder()], untranslated), undefined);
    assert.deepEqual(inboxRows([viewedFolder()], view), []);
  });

  it('has the secrets that are missing, whom that holds, and where to set them', () => {
    const secrets = [
      { name: 'GITHUB_TOKEN', agents: ['engineer'], isSet: false },
      { name: 'THERE', agents: ['engineer'], isSet: true },
    ];
    const held = sampleRun(1, { agent: 'engineer', heldFor: 'secrets' });
    const folder = viewedFolder({ runtime: { secrets }, runs: [held], agents: [sampleAgent('engineer')] });

    const rows = inboxRows([folder], view);

    assert.deepEqual(
      rows.map(({ label, description, command, subject, flags }) => [label, description, command, subject, flags]),
      [
        [
          'Set the secret GITHUB_TOKEN',
          'engineer',
          'reveille.secret.set',
          { kind: 'secret', folder: folder.path, secret: 'GITHUB_TOKEN' },
          'secret',
        ],
      ],
    );
    assert.deepEqual(inboxBadge([folder], untranslated), { value: 1, tooltip: '1 secret is missing' });
    const row = runRow(held, { folder: folder.path, under: 'runs', state: folder.state! }, view);
    assert.match(row.description, /^queued · waits for the secret GITHUB_TOKEN/);
    const [agent] = agentRows([folder], view);
    assert.match(agent?.tooltip ?? '', /GITHUB&#95;TOKEN &#40;missing&#41;, THERE &#40;set&#41;/);
    assert.match(agent?.flags ?? '', /\blacksSecret\b/);
  });
});

describe('an agent that cannot work as it is set up', () => {
  const agents = [sampleAgent('nobody'), sampleAgent('engineer')];
  const fault = sampleRun(3, {
    agent: 'nobody',
    status: 'failed',
    errorCode: 'command_not_found',
    message: 'There is no program "claude". Install it.',
    startedAt: 1,
    finishedAt: 60_000,
  });
  const later = (part: Partial<typeof fault>): typeof fault => ({
    ...sampleRun(4),
    agent: 'nobody',
    startedAt: 2,
    ...part,
  });

  it('is a row that says what happened and checks the agent, and it counts', () => {
    const folder = viewedFolder({ agents, runs: [fault] });
    const rows = inboxRows([folder], view);
    assert.deepEqual(
      rows.map(({ label, description, command, subject, flags }) => [label, description, command, subject, flags]),
      [
        [
          'nobody cannot work',
          'program not found · 1 min ago',
          'reveille.agent.check',
          { kind: 'agent', folder: folder.path, agent: 'nobody' },
          'fault',
        ],
      ],
    );
    assert.deepEqual(inboxBadge([folder], untranslated), { value: 1, tooltip: '1 agent cannot work' });
    const both = viewedFolder({ agents, runs: [fault, { ...fault, id: 'x', number: 5, agent: 'engineer' }] });
    assert.deepEqual(inboxBadge([both], untranslated), { value: 2, tooltip: '2 agents cannot work' });
  });

  const usage = { charges: [] } as unknown as typeof fault.usage;
  const cases: [what: string, run: Partial<typeof fault>, stays: boolean][] = [
    ['succeeded', { status: 'succeeded', finishedAt: 9 }, false],
    ['failed in its work', { status: 'failed', errorCode: 'exit_code', finishedAt: 9 }, false],
    ['reached a limit', { status: 'failed', errorCode: 'rate_limited', finishedAt: 9 }, false],
    ['timed out', { status: 'timed_out', errorCode: 'timeout', finishedAt: 9 }, false],
    ['has got an answer', { status: 'running', usage }, false],
    ['has only begun', { status: 'running' }, true],
    ['waits', { status: 'queued', startedAt: null }, true],
    ['was cancelled', { status: 'cancelled', errorCode: 'cancelled_by_user', finishedAt: 9 }, true],
    ['was lost', { status: 'failed', errorCode: 'process_lost', finishedAt: 9 }, true],
    ['lacks a login', { status: 'failed', errorCode: 'login_required', finishedAt: 9 }, true],
    ['is of another agent', { agent: 'engineer', status: 'succeeded', finishedAt: 9 }, true],
  ];
  for (const [what, run, stays] of cases) {
    it(`${stays ? 'stays' : 'goes'} when a later run ${what}`, () => {
      const folder = viewedFolder({ agents, runs: [later(run), fault] });
      assert.equal(inboxRows([folder], view).length, stays ? 1 : 0);
      assert.equal(inboxBadge([folder], untranslated)?.value ?? 0, stays ? 1 : 0);
    });
  }

  it('is none once it is terminated or out of the configuration', () => {
    for (const status of ['terminated', 'absent'] as const) {
      const folder = viewedFolder({ agents: [sampleAgent('nobody', { status })], runs: [fault] });
      assert.deepEqual(inboxRows([folder], view), []);
    }
    assert.deepEqual(inboxRows([viewedFolder({ runs: [fault] })], view), []);
  });
});

describe('the message of a question', () => {
  it('comes once, also after what was told is read anew', () => {
    const folder = viewedFolder({ questions: [sampleQuestion(1), sampleQuestion(2)] });
    const first = newQuestions([folder], []);
    assert.deepEqual(
      first.map(({ question }) => question.number),
      [2, 1],
    );
    const told = JSON.parse(JSON.stringify(rememberQuestions([], first))) as string[];
    assert.deepEqual(newQuestions([folder], told), []);
    const more = viewedFolder({ questions: [sampleQuestion(1), sampleQuestion(3)] });
    assert.deepEqual(
      newQuestions([more], told).map(({ question }) => question.number),
      [3],
    );
    assert.equal(rememberQuestions(Array.from({ length: 600 }, String), first).length, 500);
  });
});

describe('the row of a running run', () => {
  const model = { model: 'm', inputTokens: 1, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 1 };
  const usage = { models: [{ ...model, costMicros: 12_000, isListPrice: true }], turns: 1 };
  const descriptions = [
    [{ message: 'half way' }, 'running · started 1 min ago · half way', 'sync~spin'],
    [{ usage }, 'running · started 1 min ago · ≈ $0.012', 'sync~spin'],
    [{ message: 'half way', stalledSince: 3 }, 'running · started 1 min ago · says nothing', 'warning'],
    [{ waitingSince: 60_000, message: 'x' }, 'waiting for you · asked 1 min ago', 'comment-discussion'],
  ] as const;
  for (const [part, expected, icon] of descriptions) {
    it(`says "${expected}"`, () => {
      const run = sampleRun(1, { status: 'running', startedAt: 1, ...part });
      const folder = viewedFolder({ runs: [run] });
      assert.ok(folder.state);
      const row = runRow(run, { folder: folder.path, under: 'agent', state: folder.state }, view);
      assert.deepEqual([row.description, row.icon.id], [expected, icon]);
    });
  }
});
