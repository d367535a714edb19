import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../testing/command.ts';
import { findProgram, type CliPackage } from './cliPackages.ts';

/** Beside the editor that other tests use; not part of the repository. */
export const cliCache = path.join(root, '.vscode-test');

/** Puts a package into an empty folder. Rejects when it can't. */
export type Install = (cli: CliPackage, folder: string) => Promise<void>;

const run = promisify(execFile);
const npmArguments = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Lines of npm's complaint that are shown: what follows them is its stack. */
const longestExcuse = 6;

function npmError(cli: CliPackage, cause: unknown): Error {
  const { stderr = '' } = cause as { stderr?: string };
  const said = stderr.trim().split('\n').slice(0, longestExcuse).join('\n');
  return new Error(
    `${cli.package}@${cli.version} could not be installed from npm. Is the npm registry reachable? Try again when it is; ` +
      `npm said:\n${said === '' ? String(cause) : said}`,
    { cause },
  );
}

/** By npm, and without the package's install scripts. */
const installFromNpm: Install = async (cli, folder) => {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  const npm = [...npmArguments, `${cli.package}@${cli.version}`];
  await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', npm, {
    cwd: folder,
    shell: process.platform === 'win32',
  }).catch((error: unknown) => {
    throw npmError(cli, error);
  });
};

/**
 * The program of a pinned package, installed on the first call. A folder under its final name is always whole: installs work under
 * a name with their process id and are renamed, so that of two at once the first is kept and a broken-off one is never used.
 * @throws Error that says what to do when npm fails or leaves the program out.
 */
export async function ensureCli(cli: CliPackage, cache: string, install: Install = installFromNpm): Promise<string> {
  const folder = path.join(cache, `${cli.name}-${cli.version}`);
  const target = `${folder}.${process.pid}.${performance.now()}`;
  mkdirSync(cache, { recursive: true });
  removeAbandoned(cache, path.basename(folder));
  if (findProgram(cli, folder) === undefined) {
    process.stdout.write(`Installing ${cli.package}@${cli.version} for tests (once) …\n`);
    mkdirSync(target);
    try {
      await install(cli, target);
      assertComplete(cli, target);
      keepFirst(cli, target, folder);
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  }
  return assertComplete(cli, folder);
}

function assertComplete(cli: CliPackage, folder: string): string {
  const program = findProgram(cli, folder);
  if (program !== undefined) return program;
  throw new Error(
    `npm installed ${cli.package}@${cli.version}, but not its program for ${process.platform}-${process.arch}. ` +
      'Is there one for this platform, and does npm leave out optional packages (`npm config get omit`)?',
  );
}

/** A rename replaces no folder that has something in it: whoever comes second finds a whole one. */
function keepFirst(cli: CliPackage, target: string, folder: string): void {
  if (existsSync(folder) && findProgram(cli, folder) === undefined) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(target, folder);
  } catch (error) {
    if (findProgram(cli, folder) === undefined) throw error;
  }
}

function removeAbandoned(cache: string, name: string): void {
  for (const entry of readdirSync(cache)) {
    const pid = entry.startsWith(`${name}.`) ? Number(entry.slice(name.length + 1).split('.')[0]) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(path.join(cache, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
