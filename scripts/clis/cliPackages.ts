import { existsSync, globSync } from 'node:fs';
import path from 'node:path';

/** The versions that the adapters were measured against. */
const claudeVersion = '2.1.329';
const codexVersion = '0.169.0';

/** A command-line agent as npm has it. */
export interface CliPackage {
  readonly name: 'claude' | 'codex';
  readonly package: string;
  readonly version: string;
  /** Names the program's path to the tests. */
  readonly variable: string;
  /**
   * Where the program lies below `node_modules`, as a glob. Without install scripts `claude` itself is a stub that only complains,
   * so the program of the platform's package is named; codex has a launcher, which is what people have in their PATH.
   */
  readonly program: string;
}

const windows = process.platform === 'win32';

export const cliPackages: readonly CliPackage[] = [
  {
    name: 'claude',
    package: '@anthropic-ai/claude-code',
    version: claudeVersion,
    variable: 'REVEILLE_TEST_CLAUDE',
    program: windows ? '@anthropic-ai/claude-code-*/claude.exe' : '@anthropic-ai/claude-code-*/claude',
  },
  {
    name: 'codex',
    package: '@openai/codex',
    version: codexVersion,
    variable: 'REVEILLE_TEST_CODEX',
    program: windows ? '@openai/codex-*/vendor/*/bin/codex.exe' : '.bin/codex',
  },
];

/** The program of an installed package. Undefined where npm left out what the platform needs. */
export function findProgram(cli: CliPackage, folder: string): string | undefined {
  const modules = path.join(folder, 'node_modules');
  const [found] = globSync(cli.program, { cwd: modules }).sort();
  const program = found === undefined ? undefined : path.join(modules, found);
  return program !== undefined && existsSync(program) ? program : undefined;
}
