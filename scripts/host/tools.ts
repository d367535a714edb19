import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromiumFolder, chromiumPackage, serverFolder, toolsFolder, toolsManifest } from './toolsFolder.ts';

const installedMark = 'installed';

/** Native modules of the server that it misses noticeably: log files of output channels, the watchdog, the device id. */
const nativeModules = ['@vscode/spdlog', '@vscode/native-watchdog', '@vscode/deviceid'];

function run(command: string, cwd: string, env: Readonly<Record<string, string>> = {}): boolean {
  const result = spawnSync(command, {
    cwd,
    shell: true,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  if (result.status !== 0) lastFailure.text = `${command}\n${result.stdout}${result.stderr}`;
  return result.status === 0;
}
const lastFailure = { text: '' };

function must(command: string, cwd: string, env?: Readonly<Record<string, string>>): void {
  if (run(command, cwd, env)) return;
  throw new Error(`Installing the VS Code host failed (is the npm registry reachable?):\n${lastFailure.text}`);
}

function installServer(target: string): void {
  const npm = 'npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error --omit=dev';
  must(npm, target);
  // With scripts on, this fails on kerberos, which needs a system library and is not needed here.
  must(npm, serverFolder(target));
  const hasCompiler = run('c++ --version && make --version', target);
  const isRebuilt = hasCompiler && run(`npm rebuild ${nativeModules.join(' ')}`, serverFolder(target));
  if (!isRebuilt) {
    process.stdout.write(
      'The VS Code host runs without its native modules (no C++ compiler): no log files of output channels.\n',
    );
  }
}

/** Unpacks Chromium, its fonts and (the package does so only where it believes to be in Lambda) its shared libraries. */
function unpackChromium(target: string): void {
  const folder = chromiumFolder(target);
  mkdirSync(folder, { recursive: true });
  const script = `import(process.argv[1]).then((chromium) => chromium.default.executablePath())`;
  const result = spawnSync(process.execPath, ['-e', script, chromiumPackage(target)], {
    env: { ...process.env, TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`Unpacking Chromium failed:\n${result.stderr}`);
  writeFileSync(path.join(folder, 'fonts.conf'), fontConfiguration(path.join(chromiumFolder(toolsFolder), 'fonts')));
}

/** The machine's fonts and those of the package: without any, Chromium ends itself at the first letter. */
function fontConfiguration(packaged: string): string {
  const folders = [packaged, '/usr/share/fonts', '/usr/local/share/fonts'];
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${folders.map((folder) => `  <dir>${folder}</dir>`).join('\n')}
  <cachedir>${packaged}-cache</cachedir>
</fontconfig>
`;
}

/**
 * Installs the server host and Chromium if they are not there yet (about 40 s once) and answers their folder.
 * Two installers at once do not disturb each other: each works in a folder of its own, and the first one's is kept.
 * @throws Error when npm fails.
 */
export function ensureTools(): string {
  if (existsSync(path.join(toolsFolder, installedMark))) return toolsFolder;
  process.stdout.write('Installing the VS Code host and Chromium for tests (once, about a minute) …\n');
  const target = `${toolsFolder}.${process.pid}`;
  cpSync(toolsManifest, target, { recursive: true });
  try {
    installServer(target);
    if (process.platform === 'linux') unpackChromium(target);
    cpSync(path.join(toolsManifest, 'package.json'), path.join(target, installedMark));
    if (!existsSync(path.join(toolsFolder, installedMark))) {
      rmSync(toolsFolder, { recursive: true, force: true });
      renameSync(target, toolsFolder);
    }
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
  return toolsFolder;
}
