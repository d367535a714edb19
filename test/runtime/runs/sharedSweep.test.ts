import assert from 'node:assert/strict';
import { SharedSweep } from '../../../src/runtime/runs/sharedSweep.ts';

describe('a shared sweep', () => {
  it('gives those who ask during a reading the next one, together', async () => {
    const readings: PromiseWithResolvers<string>[] = [];
    const sweep = new SharedSweep(() => {
      const reading = Promise.withResolvers<string>();
      readings.push(reading);
      return reading.promise;
    });
    const first = sweep.read();
    const late = [sweep.read(), sweep.read()];
    readings[0]?.resolve('first');
    assert.equal(await first, 'first');
    assert.equal(readings.length, 2);
    readings[1]?.resolve('second');
    assert.deepEqual(await Promise.all(late), ['second', 'second']);
    assert.equal(readings.length, 2);
  });

  it('goes on after a reading that failed', async () => {
    let count = 0;
    const sweep = new SharedSweep(() => {
      count += 1;
      return count === 1 ? Promise.reject(new Error('no')) : Promise.resolve(count);
    });
    const results = await Promise.allSettled([sweep.read(), sweep.read()]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled'],
    );
  });
});
