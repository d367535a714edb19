import assert from 'node:assert/strict';
import { isOrphan, type LogFileFacts } from '../../../src/runtime/retention/orphanSweep.ts';

const hourMs = 60 * 60 * 1000;
const now = 100 * hourMs;
const old = now - hourMs;

describe('isOrphan', () => {
  const rows: [name: string, facts: Partial<LogFileFacts>, isLeftOver: boolean][] = [
    ['of a run that was deleted', {}, true],
    ['of the run with the highest id that was deleted', { runId: '05' }, true],
    ['of a run that this state never knew', { runId: '06' }, false],
    ['of a run that has it', { owner: 'kept' }, false],
    ['that its run says is removed', { owner: 'removed' }, true],
    ['that its run says is removed, whatever its id', { owner: 'removed', runId: '09' }, true],
    ['written less than an hour ago', { writtenAt: old + 1 }, false],
    ['written in the future', { writtenAt: now + hourMs }, false],
    ['that has gone meanwhile', { writtenAt: null }, false],
  ];
  for (const [name, facts, isLeftOver] of rows) {
    it(`${isLeftOver ? 'takes' : 'leaves'} a log ${name}`, () => {
      const file = { runId: '03', owner: undefined, writtenAt: old, ...facts };
      assert.equal(isOrphan(file, { highestDeleted: '05', now }), isLeftOver);
    });
  }

  it('takes nothing without an owner where nothing was ever deleted', () => {
    assert.equal(isOrphan({ runId: '00', owner: undefined, writtenAt: old }, { highestDeleted: '', now }), false);
  });
});
