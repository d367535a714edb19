import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { checkClaude } from '../../../src/runtime/adapters/claudeCheck.ts';
import { adapterOf } from '../../../src/runtime/adapters/adapters.ts';
import type { AgentDefinition } from '../../../src/runtime/definition.ts';
import { makeClaudeAgent } from '../../support/claudeAgent.ts';
import { recordingPath } from '../../support/recordedOutputs.ts';

const board = { type: 'http', url: 'http://127.0.0.1:1/mcp', headers: {}, timeoutSec: 600 } as const;
const sandbox = { IS_SANDBOX: '1' };

describe('the check of an agent of claude', () => {
  const rows: [what: string, agent: AgentDefinition, isRoot: boolean, found: string[]][] = [
    ['nothing of a plain one', makeClaudeAgent(), true, []],
    ['no permissions for root', makeClaudeAgent({ permissionMode: 'bypassPermissions' }), true, ['claude.root error']],
    ['no permissions for others', makeClaudeAgent({ permissionMode: 'bypassPermissions' }), false, []],
    ['root in a sandbox', makeClaudeAgent({ permissionMode: 'bypassPermissions' }, { env: sandbox }), true, []],
    ['a flag for it', makeClaudeAgent({}, { args: ['--dangerously-skip-permissions'] }), true, ['claude.root error']],
    ['rules', makeClaudeAgent({ tools: ['Edit', 'Bash(npm test:*)', 'mcp__board__*', 'mcp__board'] }), false, []],
    ['two in one', makeClaudeAgent({ tools: ['Edit, Write'] }), false, ['claude.tools warning']],
    ['an open bracket', makeClaudeAgent({ disallowedTools: ['Bash(rm'] }), false, ['claude.tools warning']],
    ['a server', makeClaudeAgent({ permissionTool: 'mcp__board__ask', mcpServers: { board } }), false, []],
    [
      'no such server',
      makeClaudeAgent({ permissionTool: 'mcp__bord__ask', mcpServers: { board } }),
      false,
      ['claude.permissionTool error'],
    ],
    ['no tool of a server', makeClaudeAgent({ permissionTool: 'ask' }), false, ['claude.permissionTool error']],
    ['a prompt', makeClaudeAgent({}, { args: ['fix it'] }), false, ['claude.args warning']],
  ];
  for (const [what, agent, isRoot, found] of rows) {
    it(`finds ${found.join(', ') || 'nothing'}: ${what}`, () => {
      const { findings } = checkClaude(agent, isRoot);
      assert.deepEqual(
        findings.map(({ id, level }) => `${id} ${level}`),
        found,
      );
      assert.ok(findings.every(({ fix }) => fix !== null));
    });
  }

  const probe = (id: string) => checkClaude(makeClaudeAgent(), false).probes.find((each) => each.id === id);

  it('tells the version, or that the program is another one', () => {
    const judge = (stdout: string, stderr = '', exitCode = 0) =>
      probe('claude.version')?.judge({ exitCode, stdout, stderr });
    assert.deepEqual(judge('2.1.329 (Claude Code)\n'), {
      id: 'claude.version',
      level: 'ok',
      text: 'claude 2.1.329.',
      fix: null,
    });
    assert.equal(judge('hello')?.level, 'error');
    assert.match(judge('', 'no such thing', 1)?.text ?? '', /no such thing/);
  });

  const logins: [name: string, level: string, text: RegExp][] = [
    ['claude-key', 'ok', /^Logged in by an API key\.$/],
    ['claude-token', 'ok', /^Logged in by a token\.$/],
    ['claude-nobody', 'error', /^Not logged in\.$/],
    ['claude-nobody-text', 'warning', /could not be told.*Not logged in/s],
  ];
  for (const [name, level, text] of logins) {
    it(`tells the login of ${name}`, () => {
      const recorded = readFileSync(recordingPath(`logins/${name}.txt`), 'utf8');
      const [, code = '', stdout = '', stderr = ''] =
        /^\$ .*\nexit code (\d+)\n-- stdout\n([^]*?)-- stderr\n([^]*)$/.exec(recorded) ?? [];
      const finding = probe('claude.login')?.judge({ exitCode: Number(code), stdout, stderr });
      assert.equal(finding?.level, level);
      assert.match(finding.text, text);
    });
  }
});

describe('what agents of claude can be relied on for', () => {
  it('depends on whether a person can be asked', () => {
    const adapter = adapterOf('claude_local');
    assert.equal(adapter.capabilities(makeClaudeAgent()).permissions, 'fixed');
    assert.equal(adapter.capabilities(makeClaudeAgent({ permissionTool: 'mcp__board__ask' })).permissions, 'asked');
  });

  it('are conversations with a UUID', () => {
    const { codec } = adapterOf('claude_local');
    const id = '11111111-2222-4333-8444-555555555555';
    assert.deepEqual(codec.parse({ id, more: 'x' }), { id });
    assert.equal(codec.displayId({ id }), id);
    for (const stored of [null, undefined, id, [id], {}, { id: 7 }, { id: 'latest' }, { id: `${id}\n` }]) {
      assert.equal(codec.parse(stored), null);
    }
  });
});
