import assert from 'node:assert/strict';
import { parseLogLine } from '../../src/views/logLine.ts';

describe('a line of the runtime log', () => {
  for (const [line, level, text] of [
    ['2026-11-21T03:04:05.678Z info Ready {"pid":1}', 'info', 'Ready {"pid":1}'],
    ['2026-11-21T03:04:05.678Z [warn] Slow\r', 'warn', 'Slow'],
    ['2026-11-21 03:04:05.678 [error] Broken', 'error', 'Broken'],
    ['[2026-11-21T03:04:05Z] DEBUG: Detail', 'debug', 'Detail'],
    ['warning: old file', 'warn', 'old file'],
    ['    at run (file.ts:1:2)', 'info', '    at run (file.ts:1:2)'],
    ['information only', 'info', 'information only'],
  ] as const) {
    it(`is read at its level: ${line.trim()}`, () => {
      assert.deepEqual(parseLogLine(line), { level, text });
    });
  }
});
