import assert from 'node:assert/strict';
import { parseConfiguration } from '../../../src/runtime/config/load.ts';

const problemsOf = (field: string): string[] => {
  const text = `agents:\n  a:\n    adapter: claude_local\n    ${field}\n`;
  const loaded = parseConfiguration(Buffer.from(text), '/srv');
  return loaded.status === 'invalid' ? loaded.problems.map(({ message }) => message) : [];
};

describe('what is said of a mistake', () => {
  const rows: [field: string, problem: string][] = [
    ['env: { K: { secret: A, secrets: B } }', 'agents.a.env.K.secrets: not a known key; did you mean "secret"?'],
    ['env: { K: [a] }', 'agents.a.env.K: expected text or { secret: NAME }, found a list'],
    ["cwd: '${workspacefolder}/x'", 'agents.a.cwd: only ${workspaceFolder} is filled in, spelt like that'],
    ['mcpServers: { board: 5 }', 'agents.a.mcpServers.board: expected a map with url, or with command, found 5'],
    [
      "mcpServers: { board: { type: http, url: 'http://x/' } }",
      'agents.a.mcpServers.board.type: not a known key; known are url, headers, timeoutSec, command, args, env',
    ],
    [
      'mcpServers: { board: { comand: x } }',
      'agents.a.mcpServers.board.comand: not a known key; did you mean "command"?',
    ],
  ];
  for (const [field, problem] of rows) {
    it(`leads on: ${field}`, () => {
      assert.ok(problemsOf(field).includes(problem), problemsOf(field).join('\n'));
    });
  }

  it('is nothing where there is none', () => {
    assert.deepEqual(problemsOf("cwd: '${workspaceFolder}/x'"), []);
  });
});
