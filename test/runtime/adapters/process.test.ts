import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { RunRequest } from '../../../src/runtime/adapters/adapter.ts';
import { planProcess, processAdapter } from '../../../src/runtime/adapters/process.ts';
import { builtInAdapter, endurance, type AgentDefinition } from '../../../src/runtime/definition.ts';
import { sampleIssue } from '../../support/sampleState.ts';

const issue = sampleIssue(12, { id: '01ISSUE', title: 'Fix\0 it', priority: 'high', assignee: 'engineer' });

const request: RunRequest = {
  runId: '01RUN',
  agentKey: 'engineer',
  taskKey: 'issue-12',
  session: null,
  sessionRun: 1,
  source: 'assignment',
  reason: 'Issue #12 was assigned',
  issue,
  prompt: 'Please fix it.\n',
  workspaceFolder: '/home/me/project',
  baseEnvironment: { PATH: '/usr/bin', HOME: '/home/me' },
  secrets: {},
  runDirectory: '/home/me/.state/01RUN.run',
};

function define(changes: Partial<AgentDefinition>): AgentDefinition {
  return {
    key: 'engineer',
    role: null,
    goal: null,
    reportsTo: null,
    adapter: 'process',
    command: 'node',
    args: ['work.mjs'],
    shell: false,
    cwd: '/home/me/project',
    shareCwd: false,
    provider: null,
    providerSlots: null,
    env: {},
    timeoutSec: 0,
    graceSec: 1,
    protocol: 'text',
    waitSec: 600,
    stallSec: 600,
    heartbeat: {
      enabled: false,
      intervalSec: 0,
      cron: null,
      timezone: null,
      catchUp: 'skip',
      quietHours: null,
      skipWhenIdle: false,
      onlyIf: [],
      wakeOnAssignment: true,
      wakeOnOnDemand: true,
      wakeOnAutomation: true,
      maxConcurrentRuns: 1,
    },
    ...endurance,
    namedHeartbeats: [],
    ...builtInAdapter,
    ...changes,
  };
}

describe('the plan of a process', () => {
  it('passes the command, the folder and the prompt as they are', () => {
    const plan = planProcess('linux', define({}), request);
    assert.equal(plan.file, 'node');
    assert.deepEqual(plan.args, ['work.mjs']);
    assert.equal(plan.shell, false);
    assert.equal(plan.cwd, '/home/me/project');
    assert.equal(plan.stdin, 'Please fix it.\n');
  });

  it('tells the run in the environment, on top of the base', () => {
    assert.deepEqual(planProcess('linux', define({}), request).env, {
      PATH: '/usr/bin',
      HOME: '/home/me',
      REVEILLE_RUN_ID: '01RUN',
      REVEILLE_SESSION_RUN: '1',
      REVEILLE_AGENT: 'engineer',
      REVEILLE_TASK_KEY: 'issue-12',
      REVEILLE_WAKE_SOURCE: 'assignment',
      REVEILLE_WAKE_REASON: 'Issue #12 was assigned',
      REVEILLE_WORKSPACE: '/home/me/project',
      REVEILLE_ISSUE_ID: '01ISSUE',
      REVEILLE_ISSUE_NUMBER: '12',
      REVEILLE_ISSUE_TITLE: 'Fix it',
    });
  });

  it('says nothing of an issue where there is none, whatever the definition says', () => {
    const definition = define({ env: { REVEILLE_ISSUE_ID: 'forged', REVEILLE_RUN_ID: 'forged' } });
    const { env } = planProcess('linux', definition, { ...request, issue: null });
    assert.equal('REVEILLE_ISSUE_ID' in env, false);
    assert.equal(env['REVEILLE_RUN_ID'], '01RUN');
  });

  it('lets the definition replace the base, on Windows in any spelling', () => {
    assert.equal(planProcess('linux', define({ env: { PATH: '/opt' } }), request).env['PATH'], '/opt');
    const onWindows = { ...request, baseEnvironment: { Path: 'C:\\old' } };
    const { env } = planProcess('win32', define({ env: { PATH: 'C:\\new' } }), onWindows);
    assert.deepEqual(
      Object.entries(env).filter(([name]) => name.toUpperCase() === 'PATH'),
      [['PATH', 'C:\\new']],
    );
    const both = planProcess('linux', define({ env: { Path: 'x' } }), request).env;
    assert.deepEqual([both['PATH'], both['Path']], ['/usr/bin', 'x']);
  });

  for (const [platform, command, expected] of [
    ['linux', 'npm', 'npm'],
    ['linux', './tools/go', '/home/me/project/tools/go'],
    ['linux', '/bin/true', '/bin/true'],
    ['linux', 'odd\\name', 'odd\\name'],
    ['darwin', 'tools/go', '/home/me/project/tools/go'],
    ['win32', 'npm', 'npm'],
    ['win32', '.\\tools\\go.cmd', 'C:\\project\\tools\\go.cmd'],
    ['win32', 'D:/bin/go.exe', 'D:\\bin\\go.exe'],
  ] as const) {
    it(`resolves the command ${command} on ${platform} against the workspace, not the cwd`, () => {
      const workspaceFolder = platform === 'win32' ? 'C:\\project' : '/home/me/project';
      const plan = planProcess(platform, define({ command, cwd: '/elsewhere' }), { ...request, workspaceFolder });
      assert.equal(plan.file, expected);
    });
  }

  it('appends quoted arguments to a shell line, which a shell reads back unchanged', () => {
    const args = ['plain', '', "it's", 'a b', '$HOME', '`id`', 'x"y', '\\', 'é', '*'];
    const command = `${process.execPath} -p 'JSON.stringify(process.argv.slice(1))'`;
    const plan = planProcess('linux', define({ command, args, shell: true }), request);
    assert.deepEqual(plan.args, []);
    assert.deepEqual(JSON.parse(execFileSync('sh', ['-c', plan.file], { encoding: 'utf8' })), args);
  });

  for (const [argument, expected] of [
    ['plain', 'plain'],
    ['a b', '^"a b^"'],
    ['say "hi"', String.raw`^"say \^"hi\^"^"`],
    ['100%', '^"100^%^"'],
    ['a&b|c', '^"a^&b^|c^"'],
    ['dir name\\', String.raw`^"dir name\\^"`],
  ] as const) {
    it(`quotes ${argument} for cmd.exe`, () => {
      const plan = planProcess('win32', define({ command: 'go', args: [argument], shell: true }), request);
      assert.equal(plan.file, `go ${expected}`);
    });
  }

  it('hands a program the name of its conversation, and nothing that cannot be one', () => {
    const definition = define({ protocol: 'jsonl' });
    const session = processAdapter.codec.parse({ id: 'thread-1' });
    assert.deepEqual(planProcess('linux', definition, { ...request, session }).env['REVEILLE_SESSION'], 'thread-1');
    assert.equal(planProcess('linux', definition, request).env['REVEILLE_SESSION'], undefined);
    for (const stored of [null, {}, 'thread-1', { id: '' }, { id: 'a\nb' }, { id: 7 }]) {
      assert.equal(processAdapter.codec.parse(stored), null, JSON.stringify(stored));
    }
  });
});
