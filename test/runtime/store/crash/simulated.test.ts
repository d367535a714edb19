import assert from 'node:assert/strict';
import { chosenSeed, drawSeeds, isLong, withSeed } from '../../../support/testSize.ts';
import { runRound, type Ending } from './simulatedRound.ts';

const seeds = drawSeeds(isLong ? 1500 : 80);

/** Operations at which a life must have ended somewhere, so that the test means what it says. */
const places = [
  /sync \(end\).*wal-/,
  /^write .*wal-/,
  /^syncNow .*wal-/,
  /^create .*wal-/,
  /^syncFile /,
  /^syncDirectory .*store$/,
  /before-migration/,
  /snap-\d+\.sqjs/,
];

describe('A store whose disk loses what was not flushed', () => {
  it(`has everything acknowledged and nothing half after each crash (${String(seeds.length)} rounds)`, async function () {
    this.timeout(isLong ? 900_000 : 60_000);
    this.slow(60_000);
    const endings: Ending[] = [];
    for (const seed of seeds) endings.push(...(await withSeed(seed, runRound)));

    const stopped = endings.filter(({ how }) => how === 'stopped');
    if (isLong) report(endings);
    if (chosenSeed !== undefined) return;
    for (const place of places) {
      assert.ok(
        stopped.some(({ lastOperation }) => place.test(lastOperation)),
        `no life ended at ${place.source}`,
      );
    }
  });
});

function report(endings: readonly Ending[]): void {
  const counts = new Map<string, number>();
  for (const { how, lastOperation } of endings) {
    const name = how === 'stopped' ? `stopped at ${lastOperation.replaceAll(/\d+/g, 'n')}` : how;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  console.log(`      ${String(endings.length)} lives, from seed ${String(seeds[0])}:`);
  for (const [name, count] of [...counts].sort(([, a], [, b]) => b - a)) console.log(`      ${String(count)} ${name}`);
}
