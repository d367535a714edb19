import assert from 'node:assert/strict';
import type { ProcessPlan, RunRequest } from '../../../src/runtime/adapters/adapter.ts';
import { codexAdapter } from '../../../src/runtime/adapters/codexLocal.ts';
import { planCodex } from '../../../src/runtime/adapters/codexPlan.ts';
import type { AgentDefinition, CodexOptions, McpServer } from '../../../src/runtime/definition.ts';
import { makeDefinition } from '../../support/policies.ts';
import { makeRunRequest } from '../../support/runRequests.ts';

const options: CodexOptions = { model: null, effort: null, sandbox: 'workspace-write', mcpServers: {} };
const define = (codex: Partial<CodexOptions> = {}, more: Partial<AgentDefinition> = {}): AgentDefinition =>
  makeDefinition('/srv', {
    adapter: 'codex_local',
    command: 'codex',
    args: [],
    codex: { ...options, ...codex },
    ...more,
  });
const plan = (definition: AgentDefinition, request: Partial<RunRequest> = {}): ProcessPlan =>
  planCodex('linux', definition, makeRunRequest(request));
const stdio = (env: Extract<McpServer, { type: 'stdio' }>['env']): McpServer => ({
  type: 'stdio',
  command: 'npx',
  args: ['-y', 'a "b"'],
  env,
  timeoutSec: 60,
});
const untrusted = 'projects={"/srv"={trust_level="untrusted"},"/"={trust_level="untrusted"}}';
const id = '01a1fbc9-ba38-7d72-b72d-4f455bcfea78';

describe('the plan of a codex run', () => {
  it('begins a conversation with the prompt on standard input', () => {
    const { file, args, stdin, cwd, kind, env } = plan(define());
    assert.deepEqual([kind, file, cwd, stdin], ['process', 'codex', '/srv', 'Do it.\n']);
    assert.deepEqual(args, [
      ...['exec', '--json', '--skip-git-repo-check', '-s', 'workspace-write', '-C', '/srv'],
      ...['-c', untrusted, '-'],
    ]);
    assert.deepEqual([env['PATH'], env['REVEILLE_RUN_ID']], ['/bin', '01RUN']);
  });

  it('goes on with one, all flags before that', () => {
    const definition = define({ model: 'gpt-5', effort: 'high', sandbox: 'read-only' }, { args: ['--search'] });
    const { args } = plan(definition, { session: { id } });
    assert.deepEqual(args.slice(4), [
      ...['read-only', '-C', '/srv', '-m', 'gpt-5', '-c', 'model_reasoning_effort="high"'],
      ...['-c', untrusted, '--search', 'resume', id, '-'],
    ]);
    assert.ok(
      !plan(define(), { session: { id: '--last' } }).args.includes('resume'),
      'only what codex takes for an id',
    );
  });

  it('takes nothing from any project that its folder may be in, whatever was trusted by hand', () => {
    const { args } = plan(define({}, { cwd: '/a "b"/c' }), { workspaceFolder: '/w/x' });
    const folders = ['/a \\"b\\"/c', '/a \\"b\\"', '/', '/w/x', '/w'];
    assert.equal(args[8], `projects={${folders.map((path) => `"${path}"={trust_level="untrusted"}`).join(',')}}`);
    const windows = planCodex('win32', define({}, { cwd: 'C:\\w\\x' }), makeRunRequest({ workspaceFolder: 'C:\\w' }));
    assert.ok(windows.args[8]?.startsWith('projects={"C:\\\\w\\\\x"={'), windows.args[8]);
  });

  it('gives servers their headers by the environment', () => {
    const headers = { Authorization: { secret: 'BOARD' }, 'X-Team': 'core' };
    const board: McpServer = { type: 'http', url: 'http://127.0.0.1:1/mcp', headers, timeoutSec: 600 };
    const { args, env } = plan(define({ mcpServers: { board } }), { secrets: { BOARD: 'Bearer tok-1' } });
    assert.equal(
      args[8],
      'mcp_servers.board={url="http://127.0.0.1:1/mcp",env_http_headers={Authorization="REVEILLE_MCP_0_0",X-Team="REVEILLE_MCP_0_1"},default_tools_approval_mode="approve",tool_timeout_sec=600,startup_timeout_sec=60,required=true}',
    );
    assert.deepEqual([env['REVEILLE_MCP_0_0'], env['REVEILLE_MCP_0_1']], ['Bearer tok-1', 'core']);
    assert.ok(!args.join(' ').includes('tok-1'));
  });

  it('passes secrets on to servers that it starts, and nothing secret in an argument', () => {
    const mcpServers = { files: stdio({ ROOT: '/x "y"', KEY: { secret: 'FILES_KEY' } }) };
    const { args, env } = plan(define({ mcpServers }), { secrets: { FILES_KEY: 's3cret' } });
    assert.match(
      args[8] ?? '',
      /^mcp_servers\.files=\{command="npx",args=\["-y","a \\"b\\""\],env=\{ROOT="\/x \\"y\\""\},env_vars=\["KEY"\],/,
    );
    assert.equal(env['KEY'], 's3cret');
    assert.ok(!args.join(' ').includes('s3cret'));
  });

  it('never gives a server the secret of another', () => {
    const mcpServers = { one: stdio({ KEY: { secret: 'A' } }), two: stdio({ KEY: { secret: 'B' } }) };
    assert.throws(
      () => plan(define({ mcpServers }), { secrets: { A: 'a', B: 'b' } }),
      /server two needs a secret in KEY/,
    );
    const own = define({ mcpServers: { one: stdio({ KEY: { secret: 'A' } }) } }, { env: { KEY: 'mine' } });
    assert.throws(() => plan(own, { secrets: { A: 'a' } }), /server one needs a secret in KEY/);
    const same = define({ mcpServers: { one: stdio({ KEY: { secret: 'A' } }) } }, { secretEnv: { KEY: 'A' } });
    assert.equal(plan(same, { secrets: { A: 'a' } }).env['KEY'], 'a');
  });
});

describe('what is known of a codex agent', () => {
  const levels = (definition: AgentDefinition): string[] =>
    codexAdapter.check(definition).findings.map(({ id: name, level }) => `${name} ${level}`);

  it('says what is wrong or risky, and what to do', () => {
    assert.deepEqual(levels(define()), []);
    assert.deepEqual(levels(define({ sandbox: 'danger-full-access' })), ['codex.sandbox warning']);
    assert.deepEqual(levels(define({}, { args: ['--ephemeral'] })), ['codex.ephemeral warning']);
    const mcpServers = { one: stdio({ KEY: { secret: 'A' } }), two: stdio({ KEY: { secret: 'B' } }) };
    const { findings } = codexAdapter.check(define({ mcpServers }));
    assert.deepEqual(
      [findings[0]?.level, findings[0]?.text.includes('KEY'), findings[0]?.fix !== null],
      ['error', true, true],
    );
  });

  const said: [probe: number, exitCode: number, stdout: string, stderr: string, level: string, text: RegExp][] = [
    [0, 0, 'codex-cli 0.169.0\n', 'WARNING: x\n', 'ok', /^codex-cli 0\.169\.0$/],
    [0, 0, 'git version 2\n', '', 'error', /not Codex/],
    [0, 127, '', '', 'error', /not Codex/],
    [1, 0, '', 'API key configured - sk-fake-***bcdef\n', 'ok', /^Codex is logged in with an API key\.$/],
    [1, 0, '', 'Logged in using ChatGPT\n', 'ok', /with ChatGPT/],
    [1, 1, '', 'Not logged in\n', 'warning', /not logged in/],
  ];
  for (const [index, exitCode, stdout, stderr, level, text] of said) {
    it(`takes "${(stdout + stderr).trim()}" with exit code ${exitCode} for ${level}`, () => {
      const finding = codexAdapter.check(define()).probes[index]?.judge({ exitCode, stdout, stderr });
      assert.equal(finding?.level, level);
      assert.match(finding.text, text);
      assert.equal(finding.fix === null, level === 'ok');
    });
  }
});

describe('a conversation of codex', () => {
  it('has the UUID of its thread and nothing else', () => {
    const { codec } = codexAdapter;
    assert.deepEqual(codec.parse({ id: id.toUpperCase(), more: 1 }), { id });
    for (const stored of [null, undefined, 7, id, {}, { id: 7 }, { id: 'nonsense' }, { id: `${id} -` }, { id: '' }]) {
      assert.equal(codec.parse(stored), null);
    }
    assert.equal(codec.displayId({ id }), id);
  });
});
