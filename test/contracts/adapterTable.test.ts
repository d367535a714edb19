import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capabilities } from '../../src/runtime/adapters/adapter.ts';
import { adapterOf } from '../../src/runtime/adapters/adapters.ts';
import { parseConfiguration } from '../../src/runtime/config/load.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

/** A configuration of each row of the table. */
const agents: Readonly<Record<string, string>> = {
  '`claude_local`': 'adapter: claude_local',
  '`codex_local`': 'adapter: codex_local',
  '`process`': 'adapter: process, command: x',
  '`process`, `protocol: jsonl`': 'adapter: process, command: x, protocol: jsonl',
  '`http`': 'adapter: http, url: "https://example.com/"',
};

function definitionsOf(text: string) {
  const loaded = parseConfiguration(new TextEncoder().encode(text), '/srv');
  if (loaded.status !== 'ok') assert.fail(`${JSON.stringify(loaded)}\n${text}`);
  return loaded.agents;
}

function capabilitiesOf(agent: string): Capabilities {
  const [definition] = definitionsOf(`agents: { a: { ${agent} } }\n`);
  assert.ok(definition);
  return adapterOf(definition.adapter).capabilities(definition);
}

/** How the README words a capability. */
const words = {
  usage: { perMessage: 'each answer', perRun: 'each run', none: 'none' },
  permissions: { asked: 'asked', fixed: 'settled before', none: 'none' },
  stop: { signal: 'a signal', request: 'a request' },
  success: { result: 'a result', exit: 'exit code 0' },
} as const;

describe('The README', () => {
  const [, table = ''] = readme.split('### What each adapter tells');
  const rows = table
    .split('\n\n')[1]!
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has a row for each adapter and each way to use it', () => {
    assert.deepEqual(
      rows.map(([, name]) => name),
      Object.keys(agents),
    );
  });

  for (const [, name = '', resume, usage, cost, permissions, stop, success] of rows) {
    it(`says of ${name} what it is capable of`, () => {
      const said = capabilitiesOf(agents[name] ?? '');
      assert.equal(resume, said.resume ? 'yes' : 'no');
      assert.equal(usage, words.usage[said.usage]);
      assert.equal(cost === 'unknown', said.usage === 'none');
      assert.equal(permissions?.split(';')[0], words.permissions[said.permissions]);
      assert.equal(stop, words.stop[said.stop]);
      assert.equal(success, words.success[said.success]);
    });
  }

  it('says what changes with a tool for permissions', () => {
    const asked = capabilitiesOf(
      'adapter: claude_local, mcpServers: { board: { url: "http://127.0.0.1/" } }, permissionTool: mcp__board__ask',
    );
    assert.equal(asked.permissions, 'asked');
    assert.match(rows[0]?.[5] ?? '', /; asked with `permissionTool`$/);
  });

  it('has configurations that are accepted as they stand', () => {
    const blocks = [...readme.matchAll(/^( *)```yaml\n([^]*?)^\1```/gm)].map(([, indent = '', text = '']) =>
      text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    );
    const whole = blocks.filter((text) => /^agents:/m.test(text));
    assert.deepEqual(
      whole.map((text) => definitionsOf(text).map(({ key }) => key)),
      [['claude', 'codex'], ['checker']],
    );
  });
});
