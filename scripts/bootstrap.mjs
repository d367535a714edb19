/**
 * Makes a fresh clone ready, then runs the given task with the project's own Node. Plain Node >= 20, no dependencies.
 *
 *   node scripts/bootstrap.mjs <script> [arguments]
 *
 * Dependencies are installed when they are missing or no longer match package-lock.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.dirname(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname));
const modules = path.join(root, 'node_modules');
const mark = path.join(modules, '.installed-lock');
const leastMajor = 20;
/** Without a Node of its own for this platform, the machine's is used; from the second on it runs TypeScript unasked. */
const leastOwnNode = [22, 12];
const strippingNode = [22, 18];

function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

function lockFingerprint() {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

function isInstalled(fingerprint) {
  return existsSync(mark) && readFileSync(mark, 'utf8').trim() === fingerprint;
}

/**
 * Not `npm ci`: it refuses a lock file that leaves out other platforms' optional packages, as npm writes it behind a
 * registry that lacks them, and on Windows it cannot remove the Node that may be running this. `--no-save` leaves the
 * lock file alone; what it names is installed, with its checksums.
 */
const installArguments = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

function install(fingerprint) {
  process.stdout.write('Installing dependencies (once, and when package-lock.json changes) …\n');
  const npm = process.env.npm_execpath;
  const result = npm?.endsWith('.js')
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...installArguments], {
        cwd: root,
        stdio: 'inherit',
      })
    : spawnSync(['npm', ...installArguments].join(' '), { cwd: root, stdio: 'inherit', shell: true });
  if (result.status !== 0) {
    fail('The dependencies could not be installed. See the messages of npm above; is the npm registry reachable?');
  }
  writeFileSync(mark, `${fingerprint}\n`);
}

function isAtLeast([leastMajorPart, leastMinorPart]) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > leastMajorPart || (major === leastMajorPart && minor >= leastMinorPart);
}

/** An older machine's Node has to be told that it may read TypeScript. */
function nodeOptions(node) {
  const given = process.env.NODE_OPTIONS ?? '';
  return node === process.execPath && !isAtLeast(strippingNode) ? `${given} --experimental-strip-types`.trim() : given;
}

function projectNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const own = path.join(modules, `node-${platform}-${process.arch}`, 'bin', file);
  if (existsSync(own)) return own;
  if (isAtLeast(leastOwnNode)) return process.execPath;
  return fail(
    `Reveille's tools need Node ${leastOwnNode.join('.')} or newer on this platform (${process.platform}-${process.arch}); ` +
      `this is ${process.versions.node}. Install a current Node from nodejs.org or your package manager, then try again.`,
  );
}

const [task, ...taskArguments] = process.argv.slice(2);
if (task === undefined) fail('Usage: node scripts/bootstrap.mjs <script> [arguments]');
if (Number(process.versions.node.split('.')[0]) < leastMajor) {
  fail(`Reveille needs Node ${leastMajor} or newer to start; this is ${process.versions.node}.`);
}
const fingerprint = lockFingerprint();
if (!isInstalled(fingerprint)) install(fingerprint);

const node = projectNode();
const bin = path.join(modules, '.bin');
const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
const child = spawn(node, [path.resolve(root, task), ...taskArguments], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    NODE_OPTIONS: nodeOptions(node),
    [pathName]: [path.dirname(node), bin, process.env[pathName]].join(path.delimiter),
  },
});
// The task decides how it ends; a Ctrl+C reaches it from the terminal, other signals are handed on.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`Could not start ${node}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128 + 15)));
