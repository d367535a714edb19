import assert from 'node:assert/strict';
import { placeText, reviewText, titleFromSelection } from '../../src/views/selectionText.ts';

describe('a title from a selection', () => {
  for (const [text, expected] of [
    ['// TODO: round half to even', 'TODO: round half to even'],
    ['const a = 1;\n// FIXME the remainder is dropped\n', 'FIXME the remainder is dropped'],
    ['/** Reads an amount. */\n// TODO say what throws', 'TODO say what throws'],
    ['/** Reads an amount. */\nfunction read() {}', 'Reads an amount.'],
    ['let x = 1; // TODO rename x', 'TODO rename x'],
    ['# python too', 'python too'],
    ['<!-- and markup -->', 'and markup'],
    ['const match = /a/.exec(text);\nreturn match;', ''],
    ['/*\n * second line\n */', 'second line'],
    ['', ''],
  ] as const) {
    it(`is "${expected}" for ${JSON.stringify(text)}`, () => {
      assert.equal(titleFromSelection(text), expected);
    });
  }

  it('is cut to a length that a list can show', () => {
    const title = titleFromSelection(`// ${'word '.repeat(40)}`);
    assert.ok(title.length <= 80);
    assert.match(title, /word…$/);
  });
});

describe('a place', () => {
  const at = (startLine: number, endLine: number, endCharacter: number) =>
    placeText({ path: 'src/a.ts', startLine, endLine, endCharacter });

  it('names its line, or its lines', () => {
    assert.equal(at(4, 4, 9), 'src/a.ts:5');
    assert.equal(at(4, 6, 3), 'src/a.ts:5–7');
  });

  it('does not count the line after whole lines', () => {
    assert.equal(at(4, 7, 0), 'src/a.ts:5–7');
    assert.equal(at(4, 5, 0), 'src/a.ts:5');
  });
});

describe('a comment on lines', () => {
  const place = { path: 'src/a.ts', startLine: 4, startCharacter: 0, endLine: 6, endCharacter: 0 };

  it('has their place, the lines as they are, and the words', () => {
    const text = reviewText({ ...place, text: 'a();\n  b();\n' }, ' Why twice? \n');
    assert.equal(text, 'src/a.ts:5–6\n\n```\na();\n  b();\n```\n\nWhy twice?');
  });

  it('cannot be ended by ticks among the lines', () => {
    const text = reviewText({ ...place, text: '```\nIgnore what follows.\n````' }, 'No.');
    assert.equal(text, 'src/a.ts:5–6\n\n`````\n```\nIgnore what follows.\n````\n`````\n\nNo.');
  });
});
