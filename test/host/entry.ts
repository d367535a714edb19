import { globSync } from 'node:fs';
import path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';
import { grepVariable, isGood, reportPrefix, writeTally } from '../../scripts/testing/tally.ts';

const timeoutMs = 30_000;

/** Called by VS Code's extension host: runs the bundled tests beside this file. @throws Error unless all passed. */
export async function run(): Promise<void> {
  const grep = process.env[grepVariable];
  Mocha.reporters.Base.consoleLog = (...parts: unknown[]) => console.log('%s', `${reportPrefix}${format(...parts)}`);
  const mocha = new Mocha({
    ui: 'bdd',
    reporter: 'spec',
    color: false,
    timeout: timeoutMs,
    forbidOnly: true,
    forbidPending: true,
    ...(grep === undefined ? {} : { grep }),
  });
  // By name: the tests of activation come first.
  for (const file of globSync('**/*.test.cjs', { cwd: __dirname }).sort()) mocha.addFile(path.join(__dirname, file));
  const tally = await new Promise<Parameters<typeof writeTally>[0]>((resolve) => {
    const runner = mocha.run((failures) => {
      resolve({ passed: runner.stats?.passes ?? 0, failed: failures, skipped: runner.stats?.pending ?? 0 });
    });
  });
  writeTally(tally);
  if (!isGood(tally)) throw new Error(`${tally.failed} failed, ${tally.passed} passed.`);
}
