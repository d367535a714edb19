import assert from 'node:assert/strict';
import { TerminalText } from '../src/terminalText.ts';

const escape = '\u001b';

function read(...chunks: string[]): string {
  const text = new TerminalText();
  return chunks.map((chunk) => text.push(chunk)).join('') + text.end();
}

describe('terminal text', () => {
  for (const [what, written, expected] of [
    ['colours', `${escape}[31mred${escape}[0m`, 'red'],
    ['cursor movements', `${escape}[2K${escape}[1Gline`, 'line'],
    ['titles', `${escape}]0;title\u0007text`, 'text'],
    ['links', `${escape}]8;;https://x${escape}\\link${escape}]8;;${escape}\\`, 'link'],
    ['character sets', `${escape}(Btext${escape}=`, 'text'],
    ['device strings', `${escape}Pq#0${escape}\\text`, 'text'],
    ['control characters', 'a\u0007b\u0000c\u007f\u009bd', 'abcd'],
    ['turned directions', 'a\u202eb\u2066c\u2069', 'abc'],
    ['Windows line ends', 'a\r\nb\r\n', 'a\nb\n'],
    ['progress lines', '10 %\r20 %\rdone\n', '10 %\n20 %\ndone\n'],
    ['plain text with tabs and brackets', '\t[1m] ünï 😀\n', '\t[1m] ünï 😀\n'],
  ] as const) {
    it(`makes ${what} readable`, () => {
      assert.equal(read(written), expected);
    });

    it(`makes ${what} readable however it is cut`, () => {
      for (let cut = 1; cut < written.length; cut += 1) {
        assert.equal(read(written.slice(0, cut), written.slice(cut)), expected, `cut at ${String(cut)}`);
      }
    });
  }

  it('does not let an endless sequence swallow the output', () => {
    assert.match(read(`${escape}]0;${'x'.repeat(10_000)}`, '\nlater\n'), /later/);
  });
});
