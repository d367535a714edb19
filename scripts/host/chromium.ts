import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { ensureTools } from './tools.ts';
import { chromiumFolder } from './toolsFolder.ts';

const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

interface Executable {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

const starts = ({ path: file, env }: Executable) =>
  spawnSync(file, ['--version'], { env: { ...process.env, ...env }, stdio: 'ignore' }).status === 0;

/** The package's Chromium with the machine's libraries, else with the libraries that it brings. */
function packagedChromium(): Executable | undefined {
  const folder = chromiumFolder(ensureTools());
  const executable = { path: path.join(folder, 'chromium'), env: { FONTCONFIG_FILE: path.join(folder, 'fonts.conf') } };
  const withLibraries = { ...executable, env: { ...executable.env, LD_LIBRARY_PATH: path.join(folder, 'al2023/lib') } };
  return [executable, withLibraries].find(starts);
}

const debianChromium: Executable = { path: '/usr/bin/chromium', env: {} };

/** Last resort on Debian as root, where neither of the above starts. */
function installDebianChromium(): Executable | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  process.stdout.write('Installing Debian’s chromium …\n');
  spawnSync('apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core', {
    shell: true,
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return starts(debianChromium) ? debianChromium : undefined;
}

function findChromium(): Executable {
  const found = packagedChromium() ?? (starts(debianChromium) ? debianChromium : installDebianChromium());
  if (found !== undefined) return found;
  throw new Error('No Chromium can be started here. On Debian: apt-get install chromium, then try again.');
}

/**
 * Starts a headless Chromium; the caller closes it. On macOS and Windows it is the installed Chrome or Edge.
 * @throws Error when no browser can be started.
 */
export async function launchChromium(): Promise<Browser> {
  if (process.platform !== 'linux') {
    return chromium.launch({ channel: process.platform === 'win32' ? 'msedge' : 'chrome', args: browserArguments });
  }
  const { path: executablePath, env } = findChromium();
  return chromium.launch({ executablePath, args: browserArguments, env: { ...definedEnvironment(), ...env } });
}

function definedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
