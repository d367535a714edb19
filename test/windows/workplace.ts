import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { root, runNode } from '../../scripts/testing/command.ts';
import { identifyFolder } from '../../src/endpoint/folderIdentity.ts';
import { inspectOwner, type OwnerRecord } from '../../src/endpoint/ownerRecord.ts';
import { Registry, type FolderEntry } from '../../src/endpoint/registry.ts';
import { isAlive } from '../../src/runtime/processIdentity.ts';
import { toProcessPlatform } from '../../src/runtime/runs/processPlatform.ts';
import { poll } from '../support/poll.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporaryFolder.ts';
import { startVsCodeHost, type VsCodeHost } from '../support/vscodeHost.ts';
import { EditorWindow, viewport } from './editorWindow.ts';

/**
 * `speaker` repeats whatever is put into `say-1`, `say-2`, … of its folder, until there is a file `end`; `quick` ends at
 * once, `failing` with code 7. Each notes that it began.
 */
const agents = `
defaults: { graceSec: 1, timeoutSec: 300 }
agents:
  speaker:
    role: Repeats what it is told
    adapter: process
    command: sh
    args: [speaker.sh]
    shareCwd: true
  quick:
    role: Ends at once
    adapter: process
    command: sh
    args: [-c, 'echo quick >> began; echo all done']
    shareCwd: true
  failing:
    role: Fails
    adapter: process
    command: sh
    args: [-c, 'echo failing >> began; echo no luck; exit 7']
    shareCwd: true
`;

const speaker = `echo "speaker $$" >> began
next=1
until [ -e end ]; do
  if [ -e "say-$next" ]; then cat "say-$next"; next=$((next + 1)); else sleep 0.05; fi
done
echo "the end"
`;

/** A folder that windows open, seen from outside the editor. */
export class AgentFolder {
  readonly path: string;
  readonly #stateHome: string;
  #said = 0;

  constructor(path: string, stateHome: string) {
    this.path = path;
    this.#stateHome = stateHome;
  }

  /** What the registry knows of it; null before its first runtime. */
  async entry(): Promise<FolderEntry | null> {
    return Registry.open(this.#stateHome).find(await identifyFolder(this.path));
  }

  /** The runtime that owns its store. */
  async owner(): Promise<OwnerRecord> {
    const entry = await this.entry();
    assert(entry, `${this.path} has no store yet`);
    const reading = inspectOwner(entry.store);
    assert(reading.kind === 'record', `The store of ${this.path} has no owner`);
    return reading.record;
  }

  /** The agents that began, in order: each run writes one line. */
  get began(): string[] {
    const file = join(this.path, 'began');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  /** The process of the last speaker. */
  get speakerPid(): number {
    const last = this.began.findLast((line) => line.startsWith('speaker '));
    assert(last !== undefined, 'No speaker has begun');
    return Number(last.split(' ')[1]);
  }

  /** Has the speaker write a line. */
  say(line: string): void {
    this.#said += 1;
    this.write('said', `${line}\n`);
    // By a rename: the speaker must not find it half written.
    renameSync(join(this.path, 'said'), join(this.path, `say-${this.#said}`));
  }

  letEnd(): void {
    this.write('end', '');
  }

  /** Writes a file in it. */
  write(file: string, text: string): void {
    mkdirSync(join(this.path, file, '..'), { recursive: true });
    writeFileSync(join(this.path, file), text);
  }

  configure(text: string): void {
    this.write('.reveille/reveille.yaml', text);
  }

  configuration(): Promise<string> {
    return readFile(join(this.path, '.reveille/reveille.yaml'), 'utf8');
  }

  /** The product's own command line, as another client of the same runtime. */
  async reveille(...args: readonly string[]): Promise<string> {
    const { exitCode, output } = await runNode([join(root, 'dist/cli.js'), ...args, '--folder', this.path], {
      output: 'capture',
      env: { REVEILLE_STATE_HOME: this.#stateHome },
    });
    assert.equal(exitCode, 0, output);
    return output;
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}

/** A machine in small: a VS Code, its registry, and folders with agents. Disposing it ends everything and looks for what is left. */
export class Workplace implements AsyncDisposable {
  readonly host: VsCodeHost;
  readonly #temporary: TemporaryFolder;

  private constructor(host: VsCodeHost, temporary: TemporaryFolder) {
    this.host = host;
    this.#temporary = temporary;
  }

  /** `trust: false`: folders open in Restricted Mode. */
  static async open({ trust }: { readonly trust: boolean }): Promise<Workplace> {
    const temporary = makeTemporaryFolder('reveille-windows-');
    const options = { workspace: temporary.path, trust, extensionDevelopmentPath: root };
    return new Workplace(await startVsCodeHost(options), temporary);
  }

  /** Makes a folder; null: without a configuration. */
  makeFolder(name: string, configuration: string | null = agents): AgentFolder {
    const path = join(realpathSync(this.#temporary.path), name);
    mkdirSync(path);
    const folder = new AgentFolder(path, this.host.stateHome);
    folder.write('speaker.sh', speaker);
    if (configuration !== null) folder.configure(configuration);
    return folder;
  }

  /** A path beside the folders. */
  pathOf(name: string): string {
    return join(realpathSync(this.#temporary.path), name);
  }

  /** Writes a file beside the folders; answers its path. */
  writeFile(name: string, text: string): string {
    const file = this.pathOf(name);
    writeFileSync(file, text);
    return file;
  }

  /** Opens a window in a browser profile of its own, or in the given one. */
  async openWindow(folder: AgentFolder, context?: BrowserContext): Promise<EditorWindow> {
    const options = { folder: folder.path, viewport, ...(context && { context }) };
    const window = new EditorWindow(await this.host.openWindow(options));
    await window.showViews();
    return window;
  }

  /** Opens a window in which everything was accepted. */
  async openReadyWindow(folder: AgentFolder): Promise<EditorWindow> {
    const window = await this.openWindow(folder);
    await window.row('Agents', /^quick, waits for your review/).waitFor();
    await folder.reveille('accept');
    await window.row('Agents', /^quick, idle/).waitFor();
    return window;
  }

  /** Ends runtimes politely, then the editor; fails if a process of a run is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stores = Registry.open(this.host.stateHome)
      .list()
      .map(({ store }) => store);
    const runIds = new Set(stores.flatMap(runIdsIn));
    await this.host.server.stop();
    await Promise.all(stores.map(endOwner));
    const table = await toProcessPlatform(process.platform).readTable(0);
    const left = table.filter(({ runId, isZombie }) => !isZombie && runId !== null && runIds.has(runId));
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await this.host.dispose();
    this.#temporary[Symbol.dispose]();
    assert.deepEqual(left, [], 'Processes of runs were left behind');
  }
}

async function endOwner(store: string): Promise<void> {
  const reading = inspectOwner(store);
  if (reading.kind !== 'record' || !isAlive(reading.record.identity)) return;
  const { identity } = reading.record;
  process.kill(identity.pid, 'SIGTERM');
  await poll(() => !isAlive(identity), `runtime ${identity.pid} ends`, 20_000);
}

function runIdsIn(store: string): string[] {
  const logs = join(store, 'logs');
  return existsSync(logs) ? readdirSync(logs).map((name) => name.split('.', 1)[0] ?? '') : [];
}
