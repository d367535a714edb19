import assert from 'node:assert/strict';
import { parseWindowsTable } from '../../../src/runtime/runs/processTableWindows.ts';

describe('the process table of Windows', () => {
  it('is read from lines of id, parent and start, and leaves other lines out', () => {
    const table = parseWindowsTable('4 0 134000000000000000\r\n812 4 134000000000000001\r\nWARNING: x\r\n\r\n');
    assert.deepEqual(
      table.map(({ pid, parent, group, startTime }) => [pid, parent, group, startTime]),
      [
        [4, 0, 0, '134000000000000000'],
        [812, 4, 0, '134000000000000001'],
      ],
    );
  });
});
