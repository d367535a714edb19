import assert from 'node:assert/strict';
import { LogIndex } from '../../../src/runtime/runs/logIndex.ts';

describe('the index of a log', () => {
  it('notes a change of the stream and a passed second, nothing else', () => {
    const index = new LogIndex();
    assert.equal(index.note(0, 'out', 1000), '{"offset":0,"stream":"out","at":1000}\n');
    assert.equal(index.note(10, 'out', 1999), null);
    assert.equal(index.note(20, 'err', 1999), '{"offset":20,"stream":"err","at":1999}\n');
    assert.equal(index.note(30, 'err', 2999), '{"offset":30,"stream":"err","at":2999}\n');
  });

  it('stays small however often the streams alternate', () => {
    const index = new LogIndex();
    let bytes = 0;
    for (let at = 0; at < 200_000; at += 1) bytes += index.note(at, at % 2 === 0 ? 'out' : 'err', 0)?.length ?? 0;
    assert.ok(bytes > 0 && bytes < 4_000_000);
  });
});
