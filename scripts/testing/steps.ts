import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageBin, root, runNode } from './command.ts';
import { readTally, summaryVariable, type Tally } from './tally.ts';

/** One step of `npm test`. `group` lets `--only` name several at once. */
export interface Step {
  readonly name: string;
  readonly group: 'build' | 'checks' | 'suites' | 'package';
  /** Steps that touch nothing and load one core may run beside each other. */
  readonly isParallel: boolean;
  run(grep: string | undefined): Promise<Tally>;
}

/** A program that is right when it exits with 0; counts as one test. Its output is shown only if it fails. */
function check(name: string, group: Step['group'], args: readonly string[]): Step {
  return {
    name,
    group,
    isParallel: group === 'checks',
    run: async () => {
      const { exitCode, output } = await runNode(args, { output: 'capture' });
      if (exitCode !== 0) process.stdout.write(`\n${name} failed:\n${output.trimEnd()}\n`);
      return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
    },
  };
}

/** Runs `args` (a script that runs Mocha) and reads the tally that it wrote. */
export async function runSuite(
  args: readonly string[],
  grep: string | undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<Tally> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'reveille-tally-'));
  const summary = path.join(folder, 'summary.json');
  try {
    const { exitCode } = await runNode([...args, ...(grep === undefined ? [] : ['--grep', grep])], {
      output: 'inherit',
      env: { ...env, [summaryVariable]: summary },
    });
    return readTally(existsSync(summary) ? readFileSync(summary, 'utf8') : null, exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function suite(name: string, args: () => readonly string[]): Step {
  return { name, group: 'suites', isParallel: false, run: (grep) => runSuite(args(), grep) };
}

const testFiles = (pattern: string, except: readonly string[] = []) =>
  globSync(pattern, { cwd: root, exclude: except.map((folder) => `${folder}/**`) }).sort();

/** Folders with a TypeScript project that has files. */
function projects(): readonly string[] {
  const folders = globSync('{tsconfig.json,*/tsconfig.json}', { cwd: root }).map((file) => path.dirname(file));
  return folders.filter((folder) => globSync(`${folder}/**/*.ts`, { cwd: root, exclude: ['node_modules'] }).length > 0);
}

export const mochaRun = path.join(root, 'scripts/testing/mochaRun.ts');
const tsc = packageBin('typescript/bin/tsc');

/** Everything that `npm test` does, in order. */
export const steps: readonly Step[] = [
  check('build', 'build', ['esbuild.mjs']),
  check('format', 'checks', [packageBin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']),
  check('lint', 'checks', [packageBin('eslint/bin/eslint.js'), '.']),
  ...projects().map((folder) => check(`types of ${folder}`, 'checks', [tsc, '-p', folder])),
  check('boundaries', 'checks', [
    packageBin('dependency-cruiser/bin/dependency-cruiser.mjs'),
    ...['src', 'webview-ui', 'test', 'scripts', '--config', '.dependency-cruiser.cjs'],
  ]),
  check('unused', 'checks', [packageBin('knip/bin/knip.js')]),
  check('tools of the VS Code host', 'suites', ['scripts/host/installTools.ts']),
  suite('unit', () => [mochaRun, ...testFiles('test/**/*.test.ts', ['test/host', 'test/windows', 'test/clis'])]),
  suite('host', () => ['scripts/host/runHostSuite.ts']),
  suite('windows', () => [mochaRun, ...testFiles('test/windows/**/*.test.ts')]),
  check('package', 'package', ['scripts/package.ts']),
];
