import assert from 'node:assert/strict';
import { parsePsTable } from '../../../src/runtime/runs/processTablePs.ts';

describe('the process table of macOS', () => {
  it('is read from what ps prints', () => {
    const output = [
      '    1     0     1 Ss   Sat Nov  7 08:00:00 2026     /sbin/launchd',
      ' 4242     1  4242 S+   Sat Nov 21 03:11:26 2026     node a b.mjs HOME=/Users/me REVEILLE_RUN_ID=01RUN PATH=/bin',
      ' 4243  4242  4242 Z    Sat Nov 21 03:11:27 2026     (sh)',
      '',
    ].join('\n');
    assert.deepEqual(
      parsePsTable(output).map(({ pid, parent, group, startTime, isZombie, runId }) => [
        pid,
        parent,
        group,
        startTime,
        isZombie,
        runId,
      ]),
      [
        [1, 0, 1, 'Sat Nov 7 08:00:00 2026', false, null],
        [4242, 1, 4242, 'Sat Nov 21 03:11:26 2026', false, '01RUN'],
        [4243, 4242, 4242, 'Sat Nov 21 03:11:27 2026', true, null],
      ],
    );
    assert.equal(parsePsTable(output)[1]?.startOrder, Date.UTC(2026, 10, 21, 3, 11, 26));
  });
});
