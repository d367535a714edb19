import assert from 'node:assert/strict';
import { untranslated } from '../src/format.ts';
import { makeOutput } from '../src/transcriptOutput.ts';
import { readingOf } from '../src/transcriptReaders.ts';
import { listRecordings } from './support/recordings.ts';

/** What the transcript of a run shows whose log is `log`. */
function transcriptOf(adapter: string, log: string, root = ''): string {
  const output = makeOutput(readingOf(adapter), { t: untranslated, now: () => 0, root });
  return output.push(log) + output.end();
}

function recorded(program: 'claude' | 'codex', name: string): string {
  const found = listRecordings(program).find((recording) => recording.name === name);
  assert.ok(found);
  return found.stdout.toString();
}

describe('the transcript of a real log', () => {
  for (const [program, adapter, name, expected] of [
    [
      'claude',
      'claude_local',
      '00-first-bash',
      'Let me run it.\n\n● Bash echo hi-from-bash; pwd\n  └ hi-from-bash\n    /home/dev/clis/work/c0/ws\n\nAll done.\n\n',
    ],
    [
      'claude',
      'claude_local',
      '11-mcp-dead-port',
      '! The MCP server board could not be reached: its tools are missing.\n● board.plain {"text":"abc"}\n  ✗ Error: No such tool available: mcp__board__plain\n\nCalled.\n\n',
    ],
    ['claude', 'claude_local', '23-400-credit', '✗ Credit balance is too low\n'],
    ['codex', 'codex_local', '10-exitcode', '● shell echo oops >&2; exit 3\n  ✗ oops\n\nRan.\n\n'],
    ['codex', 'codex_local', '04-thinking', '✻ thinks: Pondering the task\n\nthought.\n\n'],
    ['codex', 'codex_local', '30-429quota', '✗ Quota exceeded. Check your plan and billing details.\n'],
  ] as const) {
    it(`of ${program} says what it did (${name})`, () => {
      assert.equal(transcriptOf(adapter, recorded(program, name)), expected);
    });
  }

  for (const [program, adapter] of [
    ['claude', 'claude_local'],
    ['codex', 'codex_local'],
  ] as const) {
    it(`of ${program} never shows the lines of its protocol`, () => {
      for (const { name, stdout } of listRecordings(program)) {
        assert.doesNotMatch(transcriptOf(adapter, stdout.toString()), /"(session_id|thread_id|type)":/, name);
      }
    });
  }

  it('names files from where the agent works', () => {
    assert.equal(
      transcriptOf('codex_local', recorded('codex', '10-patch-ws'), '/home/dev/clis/work/codex/tools/ws'),
      '  ✎ patched.txt (added)\n\nPatched.\n\n',
    );
  });

  it('of a server says how the run stands, in words', () => {
    const state = (part: object): string => `${JSON.stringify({ reveille: 'state', ...part })}\n`;
    const log = [
      state({ status: 'running' }),
      state({ status: 'running', message: 'Reading the issue', usage: { inputTokens: 1 } }),
      'a line of text\n',
      state({ status: 'succeeded', message: 'Reviewed three files' }),
    ].join('');
    assert.equal(transcriptOf('http', log), '· Reading the issue\na line of text\n\nReviewed three files\n\n');
  });

  it('of a program of any kind is its text, with its marked lines in words', () => {
    assert.equal(
      transcriptOf('process', 'begins\n{"reveille":"progress","text":"half way"}\n'),
      'begins\n· half way\n',
    );
  });

  it('of an adapter that is not known is the log itself', () => {
    assert.equal(transcriptOf('acp', '{"type":"x"}\n'), '{"type":"x"}\n');
    assert.equal(readingOf('__proto__'), null);
    assert.equal(readingOf(null), null);
  });
});
