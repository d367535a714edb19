import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatLine, LogFileWriter } from '../../src/runtime/logFileWriter.ts';
import { makeTemporaryFolder } from '../support/temporaryFolder.ts';

describe('LogFileWriter', () => {
  it('writes one line a message from its level on', () => {
    using folder = makeTemporaryFolder();
    const path = join(folder.path, 'runtime.log');
    const log = new LogFileWriter(path);

    log.debug('too quiet');
    log.warn('A thing', 'happened', { count: 2 });

    assert.match(readFileSync(path, 'utf8'), /^\S+Z \[warn\] A thing happened \{ count: 2 \}\n$/);
  });

  it('lets no detail forge a line', () => {
    const line = formatLine(new Date(0), 'info', 'Said', ['a\r\n1970-01-01T00:00:00.000Z [error] forged']);

    assert.equal(line.split('\n').filter((part) => part.startsWith('1970')).length, 1);
  });

  it('keeps two files of bounded size', () => {
    using folder = makeTemporaryFolder();
    const path = join(folder.path, 'runtime.log');
    const log = new LogFileWriter(path);

    for (let index = 0; index < 60; index += 1) log.info('x'.repeat(100_000));

    assert.ok(statSync(path).size < 2_400_000);
    assert.ok(statSync(`${path}.1`).size < 2_400_000);
  });

  it('does not throw where nothing can be written', () => {
    new LogFileWriter('/proc/nowhere/runtime.log').error('lost');
  });
});
