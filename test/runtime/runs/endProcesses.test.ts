import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { identifyProcess } from '../../../src/runtime/processIdentity.ts';
import { endProcesses, topmost, toTargets } from '../../../src/runtime/runs/endProcesses.ts';
import type { ProcessEntry } from '../../../src/runtime/runs/processEntry.ts';

function entry(pid: number, parent: number, group: number, startTime = '1'): ProcessEntry {
  return { pid, parent, group, startTime, startOrder: 1, isZombie: false, runId: null };
}

describe('ending processes', () => {
  it('signals a whole group where its leader is known, and others one by one', () => {
    const members = [entry(10, 1, 10), entry(11, 10, 10), entry(12, 1, 99), entry(13, 12, 99)];
    assert.deepEqual(
      toTargets(members).map(({ target }) => target),
      [-10, 12, 13],
    );
  });

  it('names to taskkill only those whose parent is not ended anyway', () => {
    const members = [entry(10, 1, 0), entry(11, 10, 0), entry(20, 7, 0)];
    assert.deepEqual(
      topmost(members).map(({ pid }) => pid),
      [10, 20],
    );
  });

  if (process.platform === 'linux') {
    it('leaves a process alone whose start time is not the one that was seen', async () => {
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      const pid = child.pid ?? 0;
      const identity = identifyProcess(pid);
      await endProcesses([entry(pid, process.pid, 1, `${identity?.startTime ?? ''}9`)], 'SIGKILL');
      assert.equal(child.kill(0), true);
      await endProcesses([entry(pid, process.pid, 1, identity?.startTime)], 'SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
    });
  }
});
