import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';
import type { FolderState } from '../../src/connection/folderState.ts';
import { untranslated } from '../../src/format.ts';
import { Emitter } from '../../src/runtime/events.ts';
import type { ListedSession } from '../../src/protocolSessions.ts';
import { agentRows } from '../../src/views/agentsModel.ts';
import { AskedPages } from '../../src/views/askedPages.ts';
import { newestSessions, type SessionPages } from '../../src/views/sessionPages.ts';
import { resumeCommand } from '../../src/views/sessionsModel.ts';
import { escapeMarkdown, type TreeNode } from '../../src/views/treeNode.ts';
import { poll } from '../support/poll.ts';
import { sampleAgent, sampleIssue, sampleRun } from '../support/sampleState.ts';
import { viewedFolder } from './viewedFolder.ts';

const now = 10 * 3_600_000;
const id = '0d9c6f2e-1b5a-4c3d-8e7f-001122334455';
const session = (part: Partial<ListedSession> = {}): ListedSession => ({
  agent: 'a',
  taskKey: 'unscoped',
  adapter: 'claude_local',
  runs: 3,
  createdAt: now - 7_200_000,
  updatedAt: now - 3_600_000,
  sessionId: id,
  cwd: '/srv/shop',
  contextTokens: 12_345,
  issue: null,
  continuation: null,
  ...part,
});

function groupOf(
  sessions: readonly ListedSession[],
  part: Parameters<typeof viewedFolder>[0] = {},
  agent = sampleAgent('a', { adapter: 'claude_local' }),
): TreeNode | undefined {
  const folder = viewedFolder({ agents: [agent], ...part });
  const rows = agentRows([folder], { now, t: untranslated }, new Map([[folder.path, sessions]]));
  return rows[0]?.children.find(({ label }) => label === 'Sessions');
}

describe('the sessions below an agent', () => {
  it('stand in a group of their own, by the issue that they are for', () => {
    const issue = sampleIssue(4, { title: 'Tidy up' });
    const group = groupOf([session({ taskKey: issue.id, runs: 1, contextTokens: null }), session()], {
      issues: [issue],
    });
    assert.deepEqual([group?.description, group?.expanded], ['2', 'collapsed']);
    assert.deepEqual(
      group?.children.map(({ label, description }) => [label, description]),
      [
        ['#4 Tidy up', '1 run · 1 h ago'],
        ['all wakes without a task', '3 runs · 12 k tokens · 1 h ago'],
      ],
    );
    const [, last] = group.children;
    assert.equal(last?.flags, 'session named resumable');
    assert.deepEqual(last.subject, {
      kind: 'session',
      folder: '/srv/workshop',
      agent: 'a',
      taskKey: 'unscoped',
      adapter: 'claude_local',
    });
    assert.ok(last.tooltip.includes(escapeMarkdown(id)), last.tooltip);
  });

  it('keep the title of an issue that the window does not know any more, and take a newer one from it', () => {
    const issue = sampleIssue(4, { title: 'Tidy up' });
    const kept = session({ taskKey: issue.id, issue: { id: issue.id, number: 4, title: 'Old title', status: 'done' } });
    assert.equal(groupOf([kept])?.children[0]?.label, '#4 Old title');
    assert.equal(groupOf([kept], { issues: [issue] })?.children[0]?.label, '#4 Tidy up');
  });

  it('are those of the agent alone, and none is shown where nothing is kept', () => {
    assert.equal(groupOf([]), undefined);
    assert.equal(groupOf([session({ agent: 'b' })]), undefined);
    assert.equal(groupOf([session({ runs: 0, sessionId: null })]), undefined);
  });

  it('say which of them a run has, and which another adapter left', () => {
    const run = sampleRun(7, { agent: 'a', taskKey: 'on_demand', status: 'running', startedAt: 1 });
    const of = (runs: (typeof run)[], adapter: string): string | undefined =>
      groupOf([session()], { runs }, sampleAgent('a', { adapter }))?.children[0]?.description;
    assert.match(of([run], 'claude_local') ?? '', /^in use · 3 runs/);
    assert.match(of([{ ...run, taskKey: 'schedule:daily' }], 'claude_local') ?? '', /^in use/);
    assert.match(of([{ ...run, taskKey: 'T-1' }], 'claude_local') ?? '', /^3 runs/);
    assert.match(of([{ ...run, agent: 'b' }], 'claude_local') ?? '', /^3 runs/);
    assert.match(of([{ ...run, status: 'queued' }], 'codex_local') ?? '', /^claude_local · 3 runs/);
  });
});

describe('the command that goes on with a conversation in a terminal', () => {
  const by = (program: string): Partial<ListedSession> => ({ continuation: { program, env: {} } });
  for (const [what, part, expected] of [
    ["of the agent's own program", by('/opt/claude-2.1/bin/claude'), `/opt/claude-2.1/bin/claude --resume ${id}`],
    ['of a program in a folder with a space', by('/opt/my tools/claude'), `claude --resume ${id}`],
    ['of a program with a command in it', by('/opt/x;touch$IFS/tmp/x'), `claude --resume ${id}`],
    ['of a program that is an option', by('-c'), `claude --resume ${id}`],
    ['of a program that sets a variable', by('PATH=/tmp'), `claude --resume ${id}`],
    ['of a program with a backslash', by('C:\\bin\\claude.exe'), `claude --resume ${id}`],
    ["of codex's own program", { adapter: 'codex_local', ...by('/opt/codex') }, `/opt/codex resume ${id}`],
    ['of claude', {}, `claude --resume ${id}`],
    ['of codex', { adapter: 'codex_local' }, `codex resume ${id}`],
    ['of a program that has none', { adapter: 'process' }, null],
    ['of nothing', { sessionId: null }, null],
    ['of an id with a command in it', { sessionId: `${id}; touch /tmp/x` }, null],
    ['of an id with a line in it', { sessionId: `${id}\n` }, null],
    ['of an option', { sessionId: '--dangerously-skip-permissions' }, null],
  ] as const) {
    it(`${what} is ${String(expected)}`, () => {
      assert.equal(resumeCommand(session(part), 'linux'), expected);
    });
  }

  it('is one with backslashes on Windows, and still none with more', () => {
    const of = (program: string): string | null => resumeCommand(session(by(program)), 'win32');
    assert.equal(of('C:\\bin\\claude.exe'), `C:\\bin\\claude.exe --resume ${id}`);
    assert.equal(of('C:\\bin & calc\\claude.exe'), `claude --resume ${id}`);
    assert.equal(of('%TEMP%\\claude.exe'), `claude --resume ${id}`);
  });
});

describe('the sessions that a window knows', () => {
  const setUp = (): {
    pages: SessionPages;
    asked: () => number;
    show: (state: FolderState | null) => void;
    answer: ListedSession[];
    fail: (error: Error | null) => void;
    errors: unknown[];
  } => {
    const changed = new Emitter<void>(() => undefined);
    let count = 0;
    let error: Error | null = null;
    const answer: ListedSession[] = [];
    const errors: unknown[] = [];
    const folder = {
      ...viewedFolder(),
      state: null as FolderState | null,
      request: () => {
        count += 1;
        return error === null
          ? Promise.resolve({ sessions: [...answer], hasMore: false, total: answer.length } as never)
          : Promise.reject(error);
      },
    };
    const pages = new AskedPages({ folders: [folder], onDidChange: changed.event }, newestSessions, (found) =>
      errors.push(found),
    );
    return {
      pages,
      asked: () => count,
      show: (state) => {
        folder.state = state;
        changed.fire();
      },
      answer,
      fail: (next) => (error = next),
      errors,
    };
  };
  const stateWith = (part: Parameters<typeof viewedFolder>[0]): FolderState | null => viewedFolder(part).state;

  it('are asked for when their agent changed, and not because of anything else', async () => {
    const { pages, asked, show, answer } = setUp();
    const agent = sampleAgent('a');
    answer.push(session());
    show(stateWith({ agents: [agent] }));
    await poll(() => pages.pages.get('/srv/workshop')?.length === 1, 'the first page');
    show(stateWith({ agents: [agent], issues: [sampleIssue(1)], runs: [sampleRun(1, { agent: 'a' })] }));
    await pass(400);
    assert.equal(asked(), 1);
    // As a reset in another window is told: the agent comes again, and nothing of it is different.
    answer.pop();
    show(stateWith({ agents: [{ ...agent }] }));
    await poll(() => pages.pages.get('/srv/workshop')?.length === 0, 'none');
    assert.equal(asked(), 2);
    pages.dispose();
  });

  it('are asked for once for a burst of changes, with the last of them', async () => {
    const { pages, asked, show, answer } = setUp();
    show(stateWith({ agents: [sampleAgent('a')] }));
    await poll(() => pages.pages.size === 1, 'the first page');
    for (let change = 0; change < 100; change += 1) show(stateWith({ agents: [sampleAgent('a')] }));
    answer.push(session());
    await poll(() => pages.pages.get('/srv/workshop')?.length === 1, 'the session');
    await pass(400);
    assert.equal(asked(), 2);
    show(stateWith({ agents: [sampleAgent('a')] }));
    pages.dispose();
    await pass(400);
    assert.equal(asked(), 2, 'a window that has gone asks for nothing');
  });

  it('are asked for once more when somebody says that one was reset', async () => {
    const { pages, asked, show, answer } = setUp();
    answer.push(session());
    show(stateWith({ agents: [sampleAgent('a')] }));
    await poll(() => pages.pages.get('/srv/workshop')?.length === 1, 'the session');
    answer.pop();
    pages.refresh();
    await poll(() => pages.pages.get('/srv/workshop')?.length === 0, 'none');
    assert.equal(asked(), 2);
    pages.dispose();
  });

  it('are asked for again after a failure', async () => {
    const { pages, show, errors, fail, answer } = setUp();
    fail(new Error('gone'));
    show(stateWith({ agents: [sampleAgent('a')] }));
    await poll(() => errors.length === 1, 'the failure');
    fail(null);
    answer.push(session());
    show(stateWith({ agents: [sampleAgent('a')] }));
    await poll(() => pages.pages.get('/srv/workshop')?.length === 1, 'the session');
    pages.dispose();
  });
});
