import assert from 'node:assert/strict';
import { sortArguments } from '../../../src/runtime/adapters/claudeArguments.ts';
import { planClaude } from '../../../src/runtime/adapters/claudeCommand.ts';
import type { McpServer } from '../../../src/runtime/definition.ts';
import { makeClaudeAgent, makeClaudeRequest } from '../../support/claudeAgent.ts';

const usual = [
  '-p',
  '--output-format=stream-json',
  '--verbose',
  '--include-partial-messages',
  '--setting-sources=user',
  '--strict-mcp-config',
];
const ownClock = ['ScheduleWakeup', 'CronCreate', 'Monitor', 'Workflow'].map((tool) => `--disallowedTools=${tool}`);
const id = '11111111-2222-4333-8444-555555555555';

describe('the plan of a run of claude', () => {
  it('is print mode without anything of the project, the prompt on standard input', () => {
    const plan = planClaude('linux', makeClaudeAgent(), makeClaudeRequest());
    assert.deepEqual([plan.kind, plan.file, plan.shell, plan.cwd], ['process', 'claude', false, '/home/me/project']);
    assert.deepEqual(plan.args, [...usual, ...ownClock]);
    assert.equal(plan.stdin, 'Please fix it.\n');
    assert.equal(plan.files, undefined);
  });

  it('joins every value to its flag, so that none is taken for another or for a prompt', () => {
    const agent = makeClaudeAgent(
      {
        model: 'sonnet',
        effort: 'high',
        maxTurns: 7,
        permissionMode: 'acceptEdits',
        permissionTool: 'mcp__board__ask',
        tools: ['Bash(npm test:*)', 'Edit'],
        disallowedTools: ['WebFetch', 'Monitor'],
        mcpServers: { board: { type: 'http', url: 'http://127.0.0.1:1/mcp', headers: {}, timeoutSec: 600 } },
      },
      { args: ['fix', '--add-dir', '../lib', '--verbose', 'everything'] },
    );
    const plan = planClaude('linux', agent, makeClaudeRequest({ session: { id } }));
    assert.deepEqual(plan.args.slice(usual.length), [
      `--resume=${id}`,
      '--model=sonnet',
      '--effort=high',
      '--max-turns=7',
      '--permission-mode=acceptEdits',
      '--permission-prompt-tool=mcp__board__ask',
      '--mcp-config=/home/me/.state/01RUN.run/mcp.json',
      '--allowedTools=Bash(npm test:*)',
      '--allowedTools=Edit',
      ...ownClock,
      '--disallowedTools=AskUserQuestion',
      '--disallowedTools=EnterPlanMode',
      '--disallowedTools=ExitPlanMode',
      '--disallowedTools=WebFetch',
      '--add-dir',
      '../lib',
      '--verbose',
    ]);
  });

  it('takes in what is the project’s only if that was accepted', () => {
    const { args } = planClaude('linux', makeClaudeAgent({ projectSettings: true }), makeClaudeRequest());
    assert.ok(!args.some((arg) => arg.startsWith('--setting-sources') || arg === '--strict-mcp-config'));
  });

  it('resumes nothing that is no conversation of claude', () => {
    const { args } = planClaude('linux', makeClaudeAgent(), makeClaudeRequest({ session: { id: '--help' } }));
    assert.ok(!args.some((arg) => arg.startsWith('--resume')));
  });

  it('bounds retries and background work, unless the agent’s own environment says otherwise', () => {
    const { env } = planClaude('linux', makeClaudeAgent(), makeClaudeRequest());
    assert.equal(env['CLAUDE_CODE_DISABLE_BACKGROUND_TASKS'], '1');
    assert.equal(env['CLAUDE_CODE_MAX_RETRIES'], '2');
    assert.equal(env['MCP_TOOL_TIMEOUT'], '600000');
    assert.equal(env['REVEILLE_RUN_ID'], '01RUN');
    const own = makeClaudeAgent({}, { env: { CLAUDE_CODE_MAX_RETRIES: '9' } });
    const request = makeClaudeRequest({ baseEnvironment: { CLAUDE_CODE_MAX_RETRIES: '5', PATH: '/bin' } });
    assert.equal(planClaude('linux', own, request).env['CLAUDE_CODE_MAX_RETRIES'], '9');
    assert.equal(planClaude('linux', makeClaudeAgent(), request).env['CLAUDE_CODE_MAX_RETRIES'], '2');
  });

  it('finds a program given by a path from the folder', () => {
    const agent = makeClaudeAgent({}, { command: 'tools/claude' });
    assert.equal(planClaude('linux', agent, makeClaudeRequest()).file, '/home/me/project/tools/claude');
  });
});

describe('the servers of tools that claude is told of', () => {
  const servers: Record<string, McpServer> = {
    board: {
      type: 'http',
      url: 'http://127.0.0.1:1/mcp',
      headers: { Authorization: { secret: 'BOARD' }, 'X-Plain': 'plain $HOME', 'X-Path': 'a${HOME}b' },
      timeoutSec: 1200,
    },
    local: {
      type: 'stdio',
      command: 'node',
      args: ['server.mjs', '--root=${HOME:-/}'],
      env: { TOKEN: { secret: 'LOCAL' }, MODE: '${MODE}', MISSING: { secret: 'MISSING' } },
      timeoutSec: 30,
    },
  };
  const plan = planClaude(
    'linux',
    makeClaudeAgent({ mcpServers: servers }),
    makeClaudeRequest({ secrets: { BOARD: 'Bearer s3cret-1', LOCAL: 's3cret-2', OTHER: 'unused' } }),
  );
  const content = plan.files?.[0]?.content ?? '';
  /** As claude 2.1.329 reads it: `${NAME}` and `${NAME:-otherwise}`, once, and in headers once more. */
  const expand = (text: string): string =>
    text.replace(
      /\$\{([^}:]+)(?::-([^}]*))?\}/g,
      (all, name: string, otherwise?: string) => plan.env[name] ?? otherwise ?? all,
    );
  function readAsClaude(value: unknown, isHeader = false): unknown {
    if (typeof value === 'string') return isHeader ? expand(expand(value)) : expand(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((entry) => readAsClaude(entry));
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, entry]) => [key, readAsClaude(entry, isHeader || key === 'headers')]));
  }

  it('are a file, in which neither secrets stand nor anything that claude would replace but them', () => {
    assert.deepEqual(
      plan.files?.map(({ name }) => name),
      ['mcp.json'],
    );
    assert.ok(!/s3cret/.test(content + plan.args.join(' ')));
    assert.ok(!content.includes('HOME:-'));
    const read = readAsClaude(JSON.parse(content));
    assert.deepEqual(read, {
      mcpServers: {
        board: {
          type: 'http',
          url: 'http://127.0.0.1:1/mcp',
          headers: { Authorization: 'Bearer s3cret-1', 'X-Plain': 'plain $HOME', 'X-Path': 'a${HOME}b' },
          timeout: 1_200_000,
        },
        local: {
          type: 'stdio',
          command: 'node',
          args: ['server.mjs', '--root=${HOME:-/}'],
          env: { TOKEN: 's3cret-2', MODE: '${MODE}', MISSING: '' },
          timeout: 30_000,
        },
      },
    });
  });

  it('may take as long as the slowest of them', () => {
    assert.equal(plan.env['MCP_TOOL_TIMEOUT'], '1200000');
  });
});

describe('further arguments of claude', () => {
  const rows: [args: string[], passed: string[]][] = [
    [[], []],
    [['hello'], []],
    [
      ['--debug', 'api', 'x'],
      ['--debug', 'api', 'x'],
    ],
    [['--verbose', 'hello'], ['--verbose']],
    [['--betas=a', 'hello'], ['--betas=a']],
    [
      ['--add-dir', 'a', 'b', '--safe-mode', 'c'],
      ['--add-dir', 'a', 'b', '--safe-mode'],
    ],
    [['--resume', 'x', '--bare'], ['--bare']],
    [['--output-format=text', 'x'], []],
    [['--bare', '--', '--debug', 'x'], ['--bare']],
    [['-', '-p'], []],
  ];
  for (const [args, passed] of rows) {
    it(`${JSON.stringify(args)} are ${JSON.stringify(passed)}`, () => {
      const sorted = sortArguments(args);
      assert.deepEqual(sorted.passed, passed);
      assert.deepEqual([...sorted.passed, ...sorted.left].sort(), [...args].sort());
    });
  }
});
