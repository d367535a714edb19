import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  identifyChild,
  identifyProcess,
  isAlive,
  isSameStart,
  parseLinuxStat,
  parseProcessStatus,
  toStartOrder,
} from '../../src/runtime/processIdentity.ts';

describe('process identity', () => {
  it('names this process the same each time, and alive', () => {
    const identity = identifyProcess(process.pid);
    assert.ok(identity);
    assert.deepEqual(identifyProcess(process.pid), identity);
    assert.equal(isAlive(identity), true);
  });

  it('takes another start time or another boot for another process', () => {
    const identity = identifyProcess(process.pid);
    assert.ok(identity);
    assert.equal(isAlive({ ...identity, startTime: `${identity.startTime}1` }), false);
    assert.equal(isAlive({ ...identity, bootId: 'another' }), false);
  });

  it('finds nothing for ids that no process has', () => {
    for (const pid of [0, -1, 1.5, 2 ** 30]) assert.equal(identifyProcess(pid), null);
  });

  it('takes an ended child for dead, before and after it is reaped', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    assert.ok(child.pid !== undefined);
    const identity = identifyChild(child.pid, Date.now());
    assert.ok(identity);
    await once(child, 'exit');
    assert.equal(isAlive(identity), false);
  });

  it('takes a zombie for dead', async () => {
    // Its parent never waits for it: a shell that has become `sleep`.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      let identity = identifyProcess(Number(line.toString()));
      while (identity !== null && isAlive(identity)) {
        await new Promise((resolve) => setImmediate(resolve));
        identity = identifyProcess(identity.pid);
      }
      assert.ok(identity, 'the zombie is still listed');
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'close');
    }
  });

  it('reads the state, family and age of a process whose name holds blanks and parentheses', () => {
    const text = '77 (a) b (c)) S 5 6 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 1000 1\n';
    assert.deepEqual(parseLinuxStat(text), { state: 'S', parent: 5, group: 6, startTime: '123456' });
    assert.equal(parseLinuxStat('77 (a'), null);
  });

  it('reads the answer of ps', () => {
    const answer = 'Ss   Sat Nov  7 03:11:26 2026    \n';
    assert.deepEqual(parseProcessStatus(answer), { startTime: 'Sat Nov 7 03:11:26 2026', isZombie: false });
    assert.equal(parseProcessStatus('Z+   Sat Nov 21 03:11:26 2026\n')?.isZombie, true);
    assert.equal(parseProcessStatus(''), null);
  });

  it('allows two seconds around a start that was only noted', () => {
    const fileTime = (ms: number): string => `${String(ms + 11_644_473_600_000)}0000`;
    assert.equal(isSameStart('~1000000', fileTime(1_001_900)), true);
    assert.equal(isSameStart('~1000000', fileTime(1_002_100)), false);
    assert.equal(isSameStart('~1000000', fileTime(997_900)), false);
    assert.equal(isSameStart('123', '123'), true);
    assert.equal(isSameStart('123', '124'), false);
  });

  it('orders start times on every platform, and takes unknown ones for the oldest', () => {
    assert.ok(toStartOrder('99', 'linux') < toStartOrder('100', 'linux'));
    assert.ok(toStartOrder('Sat Nov 7 03:11:26 2026', 'darwin') < toStartOrder('Sat Nov 7 03:11:27 2026', 'darwin'));
    assert.ok(toStartOrder('~1000000', 'win32') < 116_444_746_000_000_000);
    assert.equal(toStartOrder('nonsense', 'darwin'), 0);
  });
});
