import assert from 'node:assert/strict';
import type { AgentEvent } from '../../../src/runtime/adapters/events.ts';
import { ClaudeReader } from '../../../src/runtime/adapters/claudeReader.ts';
import { CodexReader } from '../../../src/runtime/adapters/codexReader.ts';
import { isTooDeep } from '../../../src/runtime/adapters/jsonDepth.ts';
import { JsonLinesReader } from '../../../src/runtime/adapters/jsonLines.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const padding = 'x'.repeat(40_000);

describe('the depth of a line', () => {
  const rows: [what: string, line: string, expected: boolean][] = [
    ['a short line, whatever it holds', nested(1001), false],
    ['a thousand levels', `{"a":"${padding}","b":${nested(999)}}`, false],
    ['a thousand and one', `{"a":"${padding}","b":${nested(1000)}}`, true],
    ['objects', `{"a":"${padding}","b":${'{"a":'.repeat(1000)}1`, true],
    ['brackets in texts', `{"a":"${'['.repeat(40_000)}"}`, false],
    ['brackets behind an escaped quote', `{"a":"\\"${'['.repeat(40_000)}"}`, false],
    ['brackets behind an escaped backslash', `{"a":"\\\\",${'['.repeat(40_000)}`, true],
    ['many lists beside each other', `[${'[],'.repeat(40_000)}1]`, false],
  ];
  for (const [what, line, expected] of rows) {
    it(`is ${expected ? 'too much' : 'bearable'}: ${what}`, () => {
      assert.equal(isTooDeep(Buffer.from(line)), expected);
    });
  }

  const deep = nested(300_000);
  const lines = {
    claude: [
      new ClaudeReader(),
      `{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"1","content":${deep}}]}}`,
    ],
    codex: [
      new CodexReader({ asked: null, now: () => 0, timeZone: 'UTC' }),
      `{"type":"item.completed","item":{"id":"1","type":"mcp_tool_call","result":{"content":${deep}}}}`,
    ],
    jsonl: [new JsonLinesReader(), `{"reveille":"progress","text":"x","more":${deep}}`],
  } as const;
  for (const [name, [reader, line]] of Object.entries(lines)) {
    it(`keeps a server of tools from stopping the reader of ${name}`, () => {
      const events: AgentEvent[] = reader.push(Buffer.from(`${line}\n`), 'out');
      assert.deepEqual(events, [{ kind: 'raw', reason: 'too_long' }]);
    });
  }
});
