import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { Coalescer } from '../../../src/views/dashboard/coalesce.ts';

describe('states for the dashboard', () => {
  it('go out at once, then at most once per interval, and the last one is never lost', async () => {
    const times: number[] = [];
    const done = Promise.withResolvers<undefined>();
    const start = performance.now();
    const coalescer = new Coalescer(() => {
      times.push(performance.now() - start);
      if (times.length === 2) done.resolve(undefined);
    }, 50);
    coalescer.ask();
    assert.equal(times.length, 1);
    for (let asked = 0; asked < 100; asked += 1) coalescer.ask();
    assert.equal(times.length, 1);
    await done.promise;
    assert.ok((times[1] ?? 0) >= 45, String(times[1]));
    coalescer.dispose();
  });

  it('stop when disposed', async () => {
    let calls = 0;
    const coalescer = new Coalescer(() => {
      calls += 1;
    }, 5);
    coalescer.ask();
    coalescer.ask();
    coalescer.dispose();
    coalescer.ask();
    await wait(20);
    assert.equal(calls, 1);
  });
});
