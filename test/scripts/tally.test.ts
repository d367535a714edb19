import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { formatTally, isGood, readTally, sum } from '../../scripts/testing/tally.ts';

const written = (passed: number, failed: number, skipped: number) => JSON.stringify({ passed, failed, skipped });

describe('the tally of a test run', () => {
  it('counts what was written', () => {
    assert.deepEqual(readTally(written(3, 0, 0), 0), { passed: 3, failed: 0, skipped: 0 });
  });

  it('counts a run that broke off as a failure', () => {
    assert.deepEqual(readTally(null, 0), { passed: 0, failed: 1, skipped: 0 });
  });

  it('counts a run without a test as a failure', () => {
    assert.equal(readTally(written(0, 0, 0), 0).failed, 1);
  });

  it('believes the exit code when it contradicts the numbers', () => {
    assert.equal(readTally(written(5, 0, 0), 1).failed, 1);
    assert.equal(readTally(written(5, 0, 0), null).failed, 1);
    assert.equal(readTally(written(5, 2, 0), 1).failed, 2);
  });

  it('is good only when all that ran passed and nothing was skipped', () => {
    assert.equal(isGood({ passed: 1, failed: 0, skipped: 0 }), true);
    assert.equal(isGood({ passed: 9, failed: 0, skipped: 1 }), false);
    assert.equal(isGood({ passed: 9, failed: 1, skipped: 0 }), false);
    assert.equal(isGood({ passed: 0, failed: 0, skipped: 0 }), false);
  });

  it('ends with one line', () => {
    const total = sum([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 20, skipped: 30 },
    ]);
    assert.equal(formatTally(total), '11 passed, 22 failed, 33 skipped');
  });
});
