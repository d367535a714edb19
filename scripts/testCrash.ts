/**
 * The crash suite of the store in its long form: thousands of crashes of a simulated disk, 500 kills of a real process. The short
 * form is part of `npm test`. REVEILLE_TEST_SEED, as a failure prints it, repeats that one round.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { root, runNode } from './testing/command.ts';

const isRepeated = process.env['REVEILLE_TEST_SEED'] !== undefined;
const files = globSync(`test/runtime/store/${isRepeated ? 'crash' : '**'}/*.test.ts`, { cwd: root }).sort();
const { exitCode } = await runNode([path.join(root, 'scripts/testing/mochaRun.ts'), ...files], {
  output: 'inherit',
  env: { REVEILLE_TEST_LONG: '1' },
});
process.exitCode = exitCode ?? 1;
