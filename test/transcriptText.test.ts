import assert from 'node:assert/strict';
import { untranslated } from '../src/format.ts';
import type { AgentEvent } from '../src/runtime/adapters/events.ts';
import { JsonLinesReader } from '../src/runtime/adapters/jsonLines.ts';
import { makeOutput } from '../src/transcriptOutput.ts';
import { TranscriptText } from '../src/transcriptText.ts';
import { SpokenReader } from './support/spokenReader.ts';

const setting = { t: untranslated, now: () => 0, root: '/srv/shop' };
const describeAll = (...events: AgentEvent[]): string[] => {
  const text = new TranscriptText(setting);
  return events.flatMap((event) => text.describe(event));
};
const lines = (count: number): string => Array.from({ length: count }, (_, at) => `line ${String(at + 1)}`).join('\n');
const call = (input: string): AgentEvent => ({ kind: 'toolCall', id: '1', name: 'Bash', input });
const result = (text: string, isError = false): AgentEvent => ({ kind: 'toolResult', id: '1', isError, text });
const usage = {
  basis: 'run',
  id: null,
  model: null,
  inputTokens: 1,
  cachedTokens: null,
  cacheWriteTokens: null,
  outputTokens: 1,
  costMicros: null,
} as const;

describe('the text of a transcript', () => {
  for (const [what, event, expected] of [
    ['a message, in full', { kind: 'message', text: 'First.\n\nSecond.' }, ['', 'First.', '', 'Second.', '']],
    ['thinking, in a line', { kind: 'thinking', text: 'Hm.\n\nWell.\nSo.' }, ['✻ thinks: Hm. … 2 more lines']],
    ['thinking of nothing', { kind: 'thinking', text: ' ' }, []],
    ['progress', { kind: 'progress', text: 'half way' }, ['· half way']],
    ['a command', call('{"command":"npm  test\\n --all","description":"Run"}'), ['● Bash npm test --all']],
    ['a file, from where the agent works', call('{"file_path":"/srv/shop/src/a.ts"}'), ['● Bash src/a.ts']],
    ['input with nothing telling in it', call('{"depth":2}'), ['● Bash {"depth":2}']],
    ['input that is text', call('ls -l'), ['● Bash ls -l']],
    ['the command of a shell', call(`{"command":"/bin/bash -lc 'touch a && ls'"}`), ['● Bash touch a && ls']],
    ['what is quoted again', call(`{"command":"/bin/sh -c 'a'b'c'"}`), [`● Bash /bin/sh -c 'a'b'c'`]],
    ['no input', call('{}'), ['● Bash']],
    [
      'the tool of a server',
      { kind: 'toolCall', id: '1', name: 'mcp__board__add_comment', input: '{"issue":"#1"}' },
      ['● board.add_comment {"issue":"#1"}'],
    ],
    ['a fault in marks', result('<tool_use_error>Error: gone</tool_use_error>', true), ['  ✗ Error: gone']],
    ['long input, cut', call('x'.repeat(500)), [`● Bash ${'x'.repeat(159)}…`]],
    ['a short result', result('one\ntwo\n'), ['  └ one', '    two']],
    ['an empty result', result(''), []],
    ['an empty fault', result('', true), ['  ✗ failed']],
    [
      'a result of one line more than is shown',
      result(lines(5)),
      ['  └ line 1', ...[2, 3, 4, 5].map((n) => `    line ${String(n)}`)],
    ],
    [
      'a long result, cut',
      result(lines(124)),
      ['  └ line 1', '    line 2', '    line 3', '    line 4', '    … 120 more lines'],
    ],
    ['a fault', result('no such file', true), ['  ✗ no such file']],
    [
      'a changed file',
      { kind: 'fileChange', path: '/srv/shop/src/a.ts', change: 'changed' },
      ['  ✎ src/a.ts (changed)'],
    ],
    [
      'a file elsewhere',
      { kind: 'fileChange', path: '/srv/shopping/a.ts', change: 'added' },
      ['  ✎ /srv/shopping/a.ts (added)'],
    ],
    ['a notice', { kind: 'notice', text: 'board is not there' }, ['! board is not there']],
    [
      'a further try',
      { kind: 'retrying', attempt: 2, of: 10, message: 'overloaded' },
      ['↻ tries again (2 of 10): overloaded'],
    ],
    ['one without an end', { kind: 'retrying', attempt: 2, of: null, message: 'x' }, ['↻ tries again (2): x']],
    ['a limit', { kind: 'rateLimit', limit: 'five_hour', until: null }, ['⏳ limit reached: five_hour']],
    ['a fault that passes', { kind: 'transientError', message: null }, ['✗ failed for the moment']],
    ['a failure', { kind: 'failure', code: 'login_required', message: 'Not logged in' }, ['✗ Not logged in']],
    ['a question', { kind: 'question', id: 'q', text: 'Which?', choices: ['a', 'b'] }, ['? Which? | a | b']],
    ['a line of text', { kind: 'raw', reason: 'text', text: 'warning: x' }, ['warning: x']],
    ['what was not understood', { kind: 'raw', reason: 'unknown' }, []],
    ['what is only counted', { kind: 'usage', usage }, []],
    ['its conversation', { kind: 'session', params: { id: 'x' } }, []],
  ] as const satisfies readonly (readonly [string, AgentEvent, readonly string[]])[]) {
    it(`has ${what}`, () => {
      assert.deepEqual(describeAll(event), expected);
    });
  }

  it('does not repeat the last message as the result, and shows any other', () => {
    const message: AgentEvent = { kind: 'message', text: 'All is well.' };
    const ending = (text: string | null, status: 'succeeded' | 'failed' = 'succeeded'): AgentEvent => ({
      kind: 'result',
      status,
      message: text,
      hasChanged: null,
    });
    assert.deepEqual(describeAll(message, ending('All is well.')), ['', 'All is well.', '']);
    assert.deepEqual(describeAll(message, ending('All is…')), ['', 'All is well.', '']);
    assert.deepEqual(describeAll(message, ending('Done.')), ['', 'All is well.', '', '', 'Done.', '']);
    assert.deepEqual(describeAll(ending('no', 'failed')), ['✗ no']);
    assert.deepEqual(describeAll(ending(null, 'failed')), ['✗ failed']);
  });

  it('says once what stood in its way, though a program tells it as a fault and as the result', () => {
    const fault: AgentEvent = { kind: 'transientError', message: 'busy' };
    const end: AgentEvent = { kind: 'result', status: 'failed', message: 'busy', hasChanged: null };
    assert.deepEqual(describeAll(fault, end), ['✗ busy']);
    assert.deepEqual(describeAll(fault, { kind: 'message', text: 'Again.' }, end), [
      '✗ busy',
      '',
      'Again.',
      '',
      '✗ busy',
    ]);
  });

  it('lets nothing that an agent wrote steer a terminal or look like a line of Reveille', () => {
    const hostile = '\u001b[2J\u001b]0;title\u0007fine\n━━ Run 9: succeeded ━━\n● Bash rm -rf /\u0000';
    assert.deepEqual(describeAll({ kind: 'message', text: hostile }), [
      '',
      'fine',
      '  ━━ Run 9: succeeded ━━',
      '  ● Bash rm -rf /',
      '',
    ]);
    assert.deepEqual(describeAll({ kind: 'notice', text: 'a\n━━ b\u001b[1m' }), ['! a ━━ b']);
    assert.deepEqual(describeAll({ kind: 'fileChange', path: 'a\nb\u0007', change: 'added' }), ['  ✎ a b (added)']);
  });
});

describe('the output of a run', () => {
  const told = [
    { kind: 'message', text: 'I look.' },
    { kind: 'message', text: 'I sée.' },
    { kind: 'toolCall', id: '1', name: 'Bash', input: '{"command":"ls"}' },
    { kind: 'toolResult', id: '1', isError: false, text: 'a\nb' },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');
  const expected = 'I look.\n\nI sée.\n\n● Bash ls\n  └ a\n    b\n';
  const read = (...pieces: string[]): string => {
    const output = makeOutput({ makeReader: () => new SpokenReader(), reads: 'lines' }, setting);
    return pieces.map((piece) => output.push(piece)).join('') + output.end();
  };

  it('is the same however it is cut', () => {
    assert.equal(read(told), expected);
    for (let cut = 1; cut < told.length; cut += 1) assert.equal(read(told.slice(0, cut), told.slice(cut)), expected);
    assert.equal(read(...Array.from(told)), expected);
  });

  it('goes on with the next whole line after a jump, wherever that went', () => {
    for (let at = 1; at < told.length; at += 1) {
      const output = makeOutput({ makeReader: () => new SpokenReader(), reads: 'lines' }, setting);
      output.push('{"kind":"message","te');
      output.skip();
      const text = output.push(told.slice(at)) + output.end();
      assert.ok(expected.endsWith(text.trimStart()), `from ${String(at)}: ${text}`);
      assert.doesNotMatch(text, /[{}]/);
    }
  });

  it('is the log itself, without what steers a terminal, where nobody reads it', () => {
    const output = makeOutput(null, setting);
    assert.equal(output.push('\u001b[31m{"kind":"message"}') + output.end(), '{"kind":"message"}');
  });
});

describe('the output of a program with marked lines', () => {
  const told = [
    'Compiling…\r\n',
    '  {"reveille":"progress","text":"half\\u001b[2J way"}\n',
    '{ "not": "marked" }\n',
    '{"reveille":"progress"\n',
    '{"reveille":"usage","inputTokens":5}\n',
    '{"reveille":"result","status":"failed","message":"no luck"}\n',
    '\u001b[31mdone',
  ].join('');
  const expected = 'Compiling…\n· half way\n{ "not": "marked" }\n{"reveille":"progress"\n✗ no luck\ndone';
  const marked = { makeReader: () => new JsonLinesReader(), reads: 'marked' } as const;

  it('has its text as it is, and its marked lines as words, however it is cut', () => {
    for (let cut = 0; cut <= told.length; cut += 1) {
      const output = makeOutput(marked, setting);
      assert.equal(output.push(told.slice(0, cut)) + output.push(told.slice(cut)) + output.end(), expected);
    }
  });

  it('shows text at once, and a line that may be marked when it is whole, or the output ends', () => {
    const output = makeOutput(marked, setting);
    assert.equal(output.push('50 %'), '50 %');
    assert.equal(output.push(' done\n{"reveille":"progress",'), ' done\n');
    assert.equal(output.push('"text":"x"}'), '');
    assert.equal(output.end(), '· x\n');
  });

  it('goes on after a jump with what it meets, and does not take the end of a line for a marked one', () => {
    const output = makeOutput(marked, setting);
    output.push('{"reveille":"pro');
    output.skip();
    assert.equal(
      output.push('{"reveille":"progress","text":"x"}\n{"reveille":"progress","text":"y"}\n'),
      '{"reveille":"progress","text":"x"}\n· y\n',
    );
  });
});
