import assert from 'node:assert/strict';
import { tomlString, tomlStrings, tomlTable, tomlTextTable } from '../../../src/runtime/adapters/tomlText.ts';

describe('TOML', () => {
  const texts: [text: string, expected: string][] = [
    ['', '""'],
    ['plain', '"plain"'],
    ['a "quoted" \\ word', '"a \\"quoted\\" \\\\ word"'],
    ['two\nlines\r\n\tand a tab', '"two\\nlines\\r\\n\\tand a tab"'],
    ['\u0000\u0001\u001f\u007f\u0085', '"\\u0000\\u0001\\u001f\\u007f\\u0085"'],
    ['Grüße 😀 €', '"Grüße 😀 €"'],
    ['\ud800', '"\ufffd"'],
    ["'''", "\"'''\""],
    ['"""', '"\\"\\"\\""'],
    ['ends with \\', '"ends with \\\\"'],
    ['\u2028$x `y` #z = {}[]', '"\\u2028$x `y` #z = {}[]"'],
  ];
  for (const [text, expected] of texts) {
    it(`${JSON.stringify(text)} is ${expected}`, () => {
      assert.equal(tomlString(text), expected);
      // Its escapes are those of JSON.
      assert.equal(JSON.parse(expected), text.toWellFormed());
    });
  }

  it('has lists and tables in one line', () => {
    assert.equal(tomlStrings([]), '[]');
    assert.equal(tomlStrings(['a', '"']), '["a","\\""]');
    assert.equal(tomlTable({ a: 'true', 'b.c': '1', '': '2' }), '{a=true,"b.c"=1,""=2}');
    assert.equal(tomlTextTable({ 'X-Key': 'v\n', 'a"b': 'w' }), '{X-Key="v\\n","a\\"b"="w"}');
  });
});
