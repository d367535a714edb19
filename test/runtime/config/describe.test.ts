import assert from 'node:assert/strict';
import path from 'node:path';
import { parse } from 'yaml';
import { commandLine, describeDefinition, summarizeDefinition } from '../../../src/runtime/config/describe.ts';
import type { AgentDefinition } from '../../../src/runtime/definition.ts';
import { makeClaudeAgent } from '../../support/claudeAgent.ts';
import { makeDefinition, makePolicy } from '../../support/policies.ts';

const folder = path.resolve('/f');

describe('commandLine', () => {
  const rows: [command: string, args: string[], expected: string][] = [
    ['node', ['scripts/survey.mjs', '--port=80'], 'node scripts/survey.mjs --port=80'],
    ['C:\\Program Files\\x.exe', ['a b', ''], "'C:\\Program Files\\x.exe' 'a b' ''"],
    ['sh', ['-c', `it's "x"`], `sh -c "it's \\"x\\""`],
    ['Überprüfung', ['日本'], 'Überprüfung 日本'],
    ['a', ['x\n; rm -rf /'], 'a "x\\u{a}; rm -rf /"'],
    ['a', ['\u202egnp.exe', '\u200b', '\u{e0041}'], 'a "\\u{202e}gnp.exe" "\\u{200b}" "\\u{e0041}"'],
  ];
  for (const [command, args, expected] of rows) {
    it(`shows ${expected}`, () => {
      assert.equal(commandLine({ command, args, shell: false }), expected);
    });
  }

  it('shows a shell line as it is, without what could hide in it', () => {
    assert.equal(commandLine({ command: 'a | b\n', args: ['c d'], shell: true }), "a | b\\u{a} 'c d'");
  });
});

describe('commandLine of a server', () => {
  it('is the request, without its headers', () => {
    const http = { url: 'https://a.example/\u202ex', headers: { A: 'hunter2' }, pollSec: 5 };
    assert.equal(commandLine({ command: '', args: [], shell: false, http }), 'POST https://a.example/\\u{202e}x');
  });
});

describe('summarizeDefinition', () => {
  const rows: [differences: Partial<AgentDefinition>, expected: string][] = [
    [
      { heartbeat: makePolicy({ intervalSec: 14_400 }) },
      'runs `node scripts/survey.mjs` in ./, at most 10 min, every 4 hours',
    ],
    [{ timeoutSec: 0 }, 'runs `node scripts/survey.mjs` in ./, without a time limit, not on a schedule'],
    [
      { timeoutSec: 90, cwd: path.join(folder, 'sub'), heartbeat: makePolicy({ cron: '0 9 * * *', timezone: 'UTC' }) },
      'runs `node scripts/survey.mjs` in ./sub, at most 90 s, on the schedule `0 9 * * *` (UTC)',
    ],
    [
      {
        command: 'a|b',
        args: [],
        shell: true,
        env: { A: 'x', B: 'y' },
        heartbeat: makePolicy({ enabled: false, intervalSec: 60 }),
      },
      'runs `a|b` in a shell in ./, at most 10 min, not on a schedule, with A, B in its environment',
    ],
    [
      { cwd: path.resolve('/g') },
      `runs \`node scripts/survey.mjs\` in ${path.resolve('/g')}, at most 10 min, not on a schedule`,
    ],
  ];
  it('says of an agent of claude what its command line does not', () => {
    const agent = makeClaudeAgent(
      {
        model: 'sonnet',
        permissionMode: 'acceptEdits',
        permissionTool: 'mcp__board__ask',
        tools: ['Bash(npm test:*)', 'Edit\u200b'],
        mcpServers: {
          board: { type: 'http', url: 'http://127.0.0.1:1/mcp', headers: {}, timeoutSec: 600 },
          local: { type: 'stdio', command: 'node', args: ['a b.mjs'], env: {}, timeoutSec: 600 },
        },
        projectSettings: true,
      },
      { cwd: folder },
    );
    assert.equal(
      summarizeDefinition(agent, folder),
      'runs `claude` in ./, at most 10 min, not on a schedule, with the settings, hooks and MCP servers of the folder, ' +
        'in the permission mode acceptEdits, ' +
        "with the tools of board (http://127.0.0.1:1/mcp), local (`node 'a b.mjs'`), on the model sonnet, " +
        'asking mcp__board__ask for permissions, with \'Bash(npm test:*)\', "Edit\\u{200b}" allowed without asking',
    );
  });

  it('says of an agent of codex what its command line does not', () => {
    const codex = {
      model: 'gpt-5',
      effort: null,
      sandbox: 'danger-full-access',
      mcpServers: { local: { type: 'stdio', command: 'node', args: ['a.mjs'], env: {}, timeoutSec: 600 } },
    } as const;
    assert.equal(
      summarizeDefinition(
        makeDefinition(folder, { adapter: 'codex_local', command: 'codex', args: [], codex }),
        folder,
      ),
      'runs `codex` in ./, at most 10 min, not on a schedule, in the sandbox danger-full-access, ' +
        'with the tools of local (`node a.mjs`), on the model gpt-5',
    );
  });

  it('names the secrets that it would be given, wherever they go', () => {
    const http = { url: 'https://a.example/', headers: { A: { secret: 'TOKEN' } }, pollSec: 5 };
    assert.match(
      summarizeDefinition(makeDefinition(folder, { adapter: 'http', http, secretEnv: { K: 'KEY' } }), folder),
      /, given the values of the secrets KEY, TOKEN$/,
    );
  });

  for (const [differences, expected] of rows) {
    it(`says: ${expected}`, () => {
      assert.equal(summarizeDefinition(makeDefinition(folder, differences), folder), expected);
    });
  }
});

describe('describeDefinition', () => {
  it('is YAML that holds every field', () => {
    const definition = makeDefinition(folder, { env: { B: '1', A: '2' }, goal: 'two\nlines' });
    const { key, ...fields } = definition;
    const shown = parse(describeDefinition(definition, folder)) as { agents: Record<string, unknown> };
    assert.deepEqual(shown.agents[key], { ...fields, cwd: './' });
  });

  it('shows that the content of a file has changed', () => {
    const definition = makeDefinition(folder);
    assert.notEqual(describeDefinition(definition, folder, 'a.b'), describeDefinition(definition, folder, 'a.c'));
  });

  it('shows what could hide', () => {
    assert.ok(describeDefinition(makeDefinition(folder, { goal: 'a\u202eb' }), folder).includes('a\\u{202e}b'));
  });
});
