/**
 * The crash suites in their long form: of the store, thousands of crashes of a simulated disk, 500 kills of a real process; of the
 * runtime, 220 kills while trees of processes live. The short
 * form is part of `npm test`. REVEILLE_TEST_SEED, as a failure prints it, repeats that one round.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { root, runNode } from './testing/command.ts';

const isRepeated = process.env['REVEILLE_TEST_SEED'] !== undefined;
const patterns = [`test/runtime/store/${isRepeated ? 'crash' : '**'}/*.test.ts`, 'test/runtime/process/kills.test.ts'];
const files = globSync(patterns, { cwd: root }).sort();
const { exitCode } = await runNode([path.join(root, 'scripts/testing/mochaRun.ts'), ...files], {
  output: 'inherit',
  env: { REVEILLE_TEST_LONG: '1' },
});
process.exitCode = exitCode ?? 1;
