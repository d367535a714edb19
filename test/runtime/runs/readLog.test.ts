import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLog } from '../../../src/runtime/runs/readLog.ts';

describe('reading a log', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
    path = join(folder, 'run.log');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function readAll(maxBytes: number): Promise<string> {
    let text = '';
    for (let offset = 0; ;) {
      const piece = await readLog(path, offset, maxBytes, true);
      if (piece.nextOffset === offset) return text;
      text += piece.text;
      offset = piece.nextOffset;
    }
  }

  it('joins to the same text whatever the size of its pieces', async () => {
    const text = 'aé€😀\r\n'.repeat(40);
    writeFileSync(path, text);
    for (const maxBytes of [4, 5, 6, 7, 64, 10_000]) assert.equal(await readAll(maxBytes), text);
  });

  it('gets past invalid bytes, and shows them as U+FFFD', async () => {
    writeFileSync(path, Buffer.from([0x41, 0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0xf5, 0x42, 0xe2, 0x82]));
    assert.equal(await readAll(4), 'A\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdB\ufffd');
  });

  it('waits for the rest of a character while the file grows', async () => {
    const euro = Buffer.from('€');
    writeFileSync(path, Buffer.concat([Buffer.from('a'), euro.subarray(0, 2)]));
    const first = await readLog(path, 0, 1024);
    assert.deepEqual(first, { text: 'a', nextOffset: 1, size: 3 });
    assert.deepEqual(await readLog(path, 1, 1024), { text: '', nextOffset: 1, size: 3 });
    appendFileSync(path, euro.subarray(2));
    assert.deepEqual(await readLog(path, 1, 1024), { text: '€', nextOffset: 4, size: 4 });
  });

  it('answers nothing at the end, beyond it, and for a log that does not exist', async () => {
    writeFileSync(path, 'abc');
    assert.deepEqual(await readLog(path, 3, 1024), { text: '', nextOffset: 3, size: 3 });
    assert.deepEqual(await readLog(path, 9, 1024), { text: '', nextOffset: 9, size: 3 });
    assert.deepEqual(await readLog(join(folder, 'no.log'), 5, 1024), { text: '', nextOffset: 5, size: 0 });
  });
});
