import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureTools } from './tools.ts';
import { serverEntry } from './toolsFolder.ts';

/** The server host is built for Linux and macOS; elsewhere tests and `npm start` use a desktop VS Code. */
export function canRunServerHost(platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'linux' || platform === 'darwin';
}

export interface VsCodeServerOptions {
  /** Holds everything that the server keeps: user data, server data, extensions. */
  readonly dataFolder: string;
  /** False: workspace trust is asked for, and an untrusted folder opens in Restricted Mode. */
  readonly trust: boolean;
  readonly env: Readonly<Record<string, string>>;
}

export interface VsCodeServer {
  readonly port: number;
  /** Whoever holds it can run programs here; it is part of each URL. */
  readonly token: string;
  readonly pid: number;
  /** What the server printed so far. */
  readonly output: () => string;
  /** Ends the server and its extension hosts; detached children of extensions live on, as they do in reality. */
  stop(): Promise<void>;
}

const readyMs = 60_000;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Neither the editor we may be started from nor its Node settings may reach the new one. */
function cleanEnvironment(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VSCODE|ELECTRON|NODE_OPTIONS|NODE_PATH)/.test(name));
  return { ...Object.fromEntries(kept), ...added };
}

function folderArguments(dataFolder: string): readonly string[] {
  const folders = { 'user-data-dir': 'user-data', 'server-data-dir': 'server-data', 'extensions-dir': 'extensions' };
  return Object.entries(folders).flatMap(([option, name]) => {
    const folder = path.join(dataFolder, name);
    mkdirSync(folder, { recursive: true });
    return [`--${option}`, folder];
  });
}

/** Asks until the server answers. @throws Error with its output when it ends or stays silent. */
async function waitUntilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const deadline = Date.now() + readyMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The VS Code server ended at once:\n${output()}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(50);
  }
  throw new Error(`The VS Code server did not answer within ${readyMs / 1000} s:\n${output()}`);
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  signalGroup(child.pid, 'SIGTERM');
  await Promise.race([ended, delay(3000, undefined, { ref: false })]);
  signalGroup(child.pid, 'SIGKILL');
  await ended;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group is gone already.
  }
}

/**
 * Starts VS Code's own server on a free port of the loopback interface and waits until it answers.
 * @throws Error with the server's output when it does not come up.
 */
export async function startVsCodeServer(options: VsCodeServerOptions): Promise<VsCodeServer> {
  const [entry, port] = [serverEntry(ensureTools()), await freePort()];
  const token = randomBytes(16).toString('hex');
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--connection-token', token];
  // The driver flag is what makes a built workbench accept extensionDevelopmentPath and extensionTestsPath in its URL.
  flags.push('--accept-server-license-terms', '--enable-smoke-test-driver', '--disable-telemetry');
  if (options.trust) flags.push('--disable-workspace-trust');
  const child = spawn(process.execPath, [entry, ...flags, ...folderArguments(options.dataFolder)], {
    env: cleanEnvironment(options.env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  const output = () => chunks.join('');
  try {
    await waitUntilReady(child, `http://127.0.0.1:${port}/version?tkn=${token}`, output);
  } catch (error) {
    await endGroup(child);
    throw error;
  }
  return { port, token, pid: child.pid ?? 0, output, stop: () => endGroup(child) };
}

/** Installs a packaged extension for servers with this data folder. @throws Error with VS Code's message. */
export function installVsix(dataFolder: string, vsix: string): void {
  const result = spawnSync(
    process.execPath,
    [serverEntry(ensureTools()), ...folderArguments(dataFolder), '--install-extension', vsix, '--force'],
    { env: cleanEnvironment({}), encoding: 'utf8' },
  );
  if (result.status !== 0) throw new Error(`VS Code refused ${vsix}:\n${result.stdout}${result.stderr}`);
}
