import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { identifyProcess } from '../../../src/runtime/processIdentity.ts';
import { extractRunId, readLinuxTable } from '../../../src/runtime/runs/processTableLinux.ts';

describe('the process table of Linux', () => {
  for (const [text, isStart, expected] of [
    ['A=1\0REVEILLE_RUN_ID=R1\0B=2\0', true, 'R1'],
    ['REVEILLE_RUN_ID=R1\0', true, 'R1'],
    ['REVEILLE_RUN_ID=R1\0', false, null],
    ['A=REVEILLE_RUN_ID=no\0REVEILLE_RUN_ID=R2', true, 'R2'],
    ['XREVEILLE_RUN_ID=R1\0', true, null],
    ['', true, null],
  ] as const) {
    it(`finds the run ${String(expected)} in ${JSON.stringify(text)}`, () => {
      assert.equal(extractRunId(Buffer.from(text), isStart), expected);
    });
  }

  if (process.platform === 'linux') {
    it('lists a child with its family and the id in a large environment', async () => {
      const id = randomUUID();
      const env = Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [`FILL_${String(index)}`, 'x'.repeat(8000)]),
      );
      const child = spawn('sleep', ['600'], {
        env: { PATH: process.env['PATH'], ...env, REVEILLE_RUN_ID: id },
        stdio: 'ignore',
        detached: true,
      });
      try {
        const found = (await readLinuxTable(0)).filter(({ runId }) => runId === id);
        const pid = child.pid ?? 0;
        const startTime = identifyProcess(pid)?.startTime ?? '';
        const startOrder = Number(startTime);
        assert.deepEqual(found, [
          { pid, parent: process.pid, group: pid, startTime, startOrder, isZombie: false, runId: id },
        ]);
        const younger = (await readLinuxTable(startOrder + 1)).find((entry) => entry.pid === pid);
        assert.equal(younger?.runId, null);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    });
  }
});
