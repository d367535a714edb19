import { join } from 'node:path';
import fc from 'fast-check';
import { makeTemporaryFolder } from '../../support/temporaryFolder.ts';
import { anyCommand, type Command } from './commands.ts';
import { EngineWorld } from './engineWorld.ts';
import { assertAlways, assertAtRest } from './invariants.ts';

const rounds = Number(process.env['REVEILLE_MODEL_ROUNDS'] ?? 250);

describe('The engine, whatever happens', () => {
  it('delivers every wake, ends it once, and never starts what may not start', async function () {
    this.timeout(600_000);
    using folder = makeTemporaryFolder();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyCommand, { minLength: 10, maxLength: 60, size: 'max' }), async (commands) => {
        round += 1;
        await live(join(folder.path, String(round)), commands);
      }),
      { numRuns: rounds, endOnFailure: process.env['REVEILLE_MODEL_SHRINKS'] === 'no', ...seedFromEnvironment() },
    );
  });
});

async function live(folder: string, commands: readonly Command[]): Promise<void> {
  const world = await EngineWorld.open(folder);
  try {
    for (const [, run] of commands) {
      await run(world);
      await assertAlways(world);
    }
    await world.comeToRest();
    await assertAlways(world);
    assertAtRest(world);
  } finally {
    await world.close();
  }
}

function seedFromEnvironment(): { readonly seed?: number } {
  const seed = process.env['REVEILLE_TEST_SEED'];
  return seed === undefined ? {} : { seed: Number(seed) };
}
