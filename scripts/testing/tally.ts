import { writeFileSync } from 'node:fs';

/** What a step of the test run came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Where a Mocha run writes its tally: a file named by this variable. */
export const summaryVariable = 'REVEILLE_TEST_SUMMARY';
/** Which tests the host suite runs: a pattern as of `--grep`. */
export const grepVariable = 'REVEILLE_TEST_GREP';

/** Begins each line of Mocha's report from inside VS Code, where the workbench logs into the same stream. */
export const reportPrefix = 'mocha| ';

/** Called by whatever ran Mocha; without the variable (a person runs Mocha) nothing is written. */
export function writeTally(tally: Tally): void {
  const file = process.env[summaryVariable];
  if (file !== undefined) writeFileSync(file, JSON.stringify(tally));
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, tally) => total + tally.passed, 0),
    failed: tallies.reduce((total, tally) => total + tally.failed, 0),
    skipped: tallies.reduce((total, tally) => total + tally.skipped, 0),
  };
}

/** The last line of every test run. */
export function formatTally(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

/** Nothing failed, nothing was skipped, and something ran. */
export function isGood(tally: Tally): boolean {
  return tally.failed === 0 && tally.skipped === 0 && tally.passed > 0;
}

/**
 * Reads what a Mocha run wrote. A run that wrote nothing broke off, and one without a test proves nothing:
 * both count as one failure, as does an exit code that contradicts the numbers.
 */
export function readTally(summary: string | null, exitCode: number | null): Tally {
  if (summary === null) return { passed: 0, failed: 1, skipped: 0 };
  const tally = JSON.parse(summary) as Tally;
  const isEmpty = tally.passed + tally.failed + tally.skipped === 0;
  const contradicts = exitCode !== 0 && tally.failed + tally.skipped === 0;
  return isEmpty || contradicts ? { ...tally, failed: tally.failed + 1 } : tally;
}
