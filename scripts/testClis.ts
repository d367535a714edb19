/**
 * The real agent CLIs, installed from npm, against fake model endpoints on this machine. No account, no network but npm's registry.
 * The last line is `N passed, N failed, N skipped`.
 *
 *   --only claude|codex   only the tests of one (by the names of their files)
 *   --grep pattern        only the tests whose names match
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cliPackages } from './clis/cliPackages.ts';
import { cliCache, ensureCli } from './clis/installClis.ts';
import { root } from './testing/command.ts';
import { mochaRun, runSuite } from './testing/steps.ts';
import { formatTally, isGood } from './testing/tally.ts';

const { values: options } = parseArgs({ options: { only: { type: 'string' }, grep: { type: 'string' } } });
const { only } = options;
const chosen = cliPackages.filter((cli) => only === undefined || cli.name === only);

const isChosen = (file: string) => only === undefined || path.basename(file).toLowerCase().includes(only);
const files = globSync('test/clis/**/*.test.ts', { cwd: root }).filter(isChosen).sort();

try {
  if (chosen.length === 0) throw new Error(`--only ${only ?? ''} names no CLI. There are: claude, codex.`);
  const env: Record<string, string> = {};
  for (const cli of chosen) env[cli.variable] = await ensureCli(cli, cliCache);
  const tally = await runSuite([mochaRun, ...files], options.grep, env);
  process.stdout.write(`\n${formatTally(tally)}\n`);
  process.exitCode = isGood(tally) ? 0 : 1;
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
