/**
 * Runs Mocha over the given files and writes the tally to $REVEILLE_TEST_SUMMARY:
 *
 *   node scripts/testing/mochaRun.ts [--grep pattern] file…
 *
 * A test run that leaves something open (a child, a timer, a socket) does not end by itself; that is a failure with
 * the names of what is open, never a hang.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Mocha from 'mocha';
import { isGood, writeTally } from './tally.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const lingerMs = 5000;

const { values, positionals } = parseArgs({ options: { grep: { type: 'string' } }, allowPositionals: true });
const { extension: _, ...options } = JSON.parse(
  readFileSync(path.join(root, '.mocharc.json'), 'utf8'),
) as Mocha.MochaOptions & { extension: unknown };

const mocha = new Mocha({ ...options, reporter: 'spec', ...(values.grep === undefined ? {} : { grep: values.grep }) });
for (const file of positionals) mocha.addFile(path.resolve(file));
await mocha.loadFilesAsync();

let leaks = 0;
const runner = mocha.run((failures) => {
  const stats = runner.stats ?? { passes: 0, pending: 0 };
  const report = () => {
    const tally = { passed: stats.passes, failed: failures + leaks, skipped: stats.pending };
    writeTally(tally);
    process.exitCode = isGood(tally) ? 0 : 1;
  };
  report();
  setTimeout(() => {
    leaks = 1;
    report();
    process.stderr.write(`Tests ended but left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit();
  }, lingerMs).unref();
});
