import assert from 'node:assert/strict';
import { plainLabel, plainMessage } from '../../src/views/plainText.ts';

describe('foreign texts', () => {
  /* What the editor takes for a link in a message. */
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

  it('bring no link into a message', () => {
    const hostile = 'see [here](command:workbench.action.quit) and [[x]](https://example.invalid "t")';
    assert.match(hostile, link);
    assert.doesNotMatch(plainMessage(hostile), link);
    assert.equal(plainMessage(hostile).replaceAll('\u200b', ''), hostile);
  });

  it('bring no icon into a list', () => {
    assert.equal(plainLabel('$(bug) costs $5 (five)'), '\\$(bug) costs $5 (five)');
  });
});
