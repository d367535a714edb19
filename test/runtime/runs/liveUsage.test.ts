import assert from 'node:assert/strict';
import { addTurns, emptyLedger, type Ledger } from '../../../src/runtime/governance/ledger.ts';
import type { RunUsage } from '../../../src/runtime/model.ts';
import { LiveUsage } from '../../../src/runtime/runs/liveUsage.ts';
import { ManualClock } from '../../support/manualClock.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('What a run has used until now', () => {
  const open = (charge: (ledger: Ledger) => Promise<RunUsage | null>) => {
    const clock = new ManualClock();
    const told: (number | null)[] = [];
    const live = new LiveUsage({ clock, charge, tell: ({ turns }) => told.push(turns) });
    return { clock, told, live };
  };
  const grown = (ledger: Ledger): Ledger => addTurns(ledger, 1);

  it('is reckoned at once, then at most once a second, the last word always', async () => {
    let charged = 0;
    const { clock, told, live } = open(() => Promise.resolve({ models: [], turns: (charged += 1) }));
    let ledger = grown(emptyLedger);
    live.hear(ledger);
    await settle();
    for (let count = 0; count < 500; count += 1) live.hear((ledger = grown(ledger)));
    await settle();
    assert.deepEqual(told, [1]);
    clock.tick(1000);
    await settle();
    assert.deepEqual([told, charged], [[1, 2], 2]);
    clock.tick(5000);
    await settle();
    assert.deepEqual([charged, clock.pendingTimers], [2, 0]);
  });

  it('is not told any more once the run has ended, nor what cannot be reckoned', async () => {
    const failing = open(() => Promise.reject(new Error('no prices')));
    failing.live.hear(emptyLedger);
    await settle();
    assert.deepEqual(failing.told, []);

    const { clock, told, live } = open(() => Promise.resolve({ models: [], turns: 1 }));
    live.hear(emptyLedger);
    live.dispose();
    await settle();
    live.hear(grown(emptyLedger));
    clock.tick(5000);
    await settle();
    assert.deepEqual([told, clock.pendingTimers], [[], 0]);
  });
});
