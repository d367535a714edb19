/** Set by `npm run test:crash`: tests that draw what they do go on for much longer, each time with other draws. */
export const isLong = process.env['REVEILLE_TEST_LONG'] === '1';

/** The one seed to repeat, as a failure has printed it. */
export const chosenSeed = process.env['REVEILLE_TEST_SEED'];

/** The seeds of a test: the chosen one, or so many; the same ones each time in the short form. */
export function drawSeeds(count: number): number[] {
  if (chosenSeed !== undefined) return [Number(chosenSeed)];
  const first = isLong ? Math.floor(Math.random() * 2 ** 31) : 1;
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Runs `work`; a failure says how to repeat it. */
export async function withSeed<T>(seed: number, work: (seed: number) => Promise<T>): Promise<T> {
  try {
    return await work(seed);
  } catch (error) {
    const hint = `Seed ${String(seed)}. To repeat it: REVEILLE_TEST_SEED=${String(seed)} npm run test:crash`;
    throw new Error(`${hint}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
