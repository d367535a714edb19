import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RuntimeFolderConnection, type ClientSettings } from '../../src/connection/folderConnection.ts';
import type { FolderState } from '../../src/connection/folderState.ts';
import type { Build } from '../../src/endpoint/build.ts';
import { inspectOwner, readOwner, type OwnerRecord } from '../../src/endpoint/ownerRecord.ts';
import { Registry } from '../../src/endpoint/registry.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Run } from '../../src/runtime/model.ts';
import { isAlive, type ProcessIdentity } from '../../src/runtime/processIdentity.ts';
import { toProcessPlatform } from '../../src/runtime/runs/processPlatform.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporaryFolder.ts';
import { TestLogger } from './testLogger.ts';
import { fixtureProgram } from './testRuns.ts';
import { wasmPath } from './wasm.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The bundles of one build of the product, as they are installed. */
export interface Product {
  readonly build: Build;
  /** Holds runtime.js, sql-wasm.wasm and cli.js. */
  readonly directory: string;
}

/** What `test/fixtures/windowProcess.ts` is told. */
export interface WindowProcessOptions {
  readonly folder: string;
  readonly stateHome: string;
  readonly storagePath: string;
  readonly runtimeEntry: string;
  readonly extraArgs: readonly string[];
  readonly build: Build;
}

const products = new Map<string, Promise<Product>>();
let productsFolder: TemporaryFolder | null = null;

/** Builds the real runtime and command line, once for each build and process. */
export function buildProduct(build: Build = { version: '1.0.0', stamp: 1 }): Promise<Product> {
  const key = `${build.version}-${build.stamp}`;
  const known = products.get(key);
  if (known) return known;
  productsFolder ??= removedAtExit();
  const directory = join(productsFolder.path, key);
  const env = {
    ...process.env,
    REVEILLE_BUILD_DIR: directory,
    REVEILLE_BUILD_VERSION: build.version,
    REVEILLE_BUILD_STAMP: String(build.stamp),
  };
  const args = ['esbuild.mjs', '--only', 'runtime,wasm,cli'];
  const building = promisify(execFile)(process.execPath, args, { cwd: root, env }).then(() => ({ build, directory }));
  products.set(key, building);
  return building;
}

function removedAtExit(): TemporaryFolder {
  const folder = makeTemporaryFolder('reveille-build-');
  process.once('exit', () => folder[Symbol.dispose]());
  return folder;
}

/** Agents that do what test/fixtures/programs/worker.sh says; `quick` ends at once. */
export const workers = `
defaults: { graceSec: 1 }
agents:
  worker:
    adapter: process
    command: sh
    args: [${JSON.stringify(fixtureProgram('worker.sh'))}]
    shareCwd: true
    heartbeat: { maxConcurrentRuns: 8 }
  quick:
    adapter: process
    command: sh
    args: [-c, 'echo "$REVEILLE_RUN_ID" >> started; cat']
    shareCwd: true
    heartbeat: { maxConcurrentRuns: 8 }
`;

export interface PlaceOptions {
  /** Text of `.reveille/reveille.yaml`; null: there is none. Default: `workers`. */
  readonly configuration?: string | null;
  readonly product?: Product;
}

export interface WindowOptions {
  readonly product?: Product;
  readonly settings?: Partial<ClientSettings>;
  readonly storagePath?: string;
  /** Default: a long life without windows, so that only a test about that has to think of it. */
  readonly extraArgs?: readonly string[];
  readonly execPath?: string;
  readonly folder?: string;
  /** Default: true. */
  readonly isForced?: boolean;
}

/**
 * A machine in small: a user's registry, a storage path and a workspace, in which real runtime processes are started as the
 * product does it. Disposing it ends them and fails if a process of a run was left behind.
 */
export class Place implements AsyncDisposable {
  readonly product: Product;
  readonly folder: string;
  readonly stateHome: string;
  readonly logger = new TestLogger();
  readonly #temporary: TemporaryFolder;
  readonly #windows: Window[] = [];
  readonly #owners = new Map<number, ProcessIdentity>();

  private constructor(product: Product, temporary: TemporaryFolder) {
    this.product = product;
    this.#temporary = temporary;
    this.folder = join(temporary.path, 'workspace');
    this.stateHome = join(temporary.path, 'state');
  }

  static async make(options: PlaceOptions = {}): Promise<Place> {
    const place = new Place(options.product ?? (await buildProduct()), makeTemporaryFolder());
    place.makeFolder('workspace', options.configuration === undefined ? workers : options.configuration);
    return place;
  }

  get path(): string {
    return this.#temporary.path;
  }

  get registry(): Registry {
    return Registry.open(this.stateHome);
  }

  /** Makes a folder with this configuration; answers its path. */
  makeFolder(name: string, configuration: string | null = workers): string {
    const folder = join(this.path, name);
    mkdirSync(join(folder, '.reveille'), { recursive: true });
    if (configuration !== null) writeFileSync(join(folder, '.reveille', 'reveille.yaml'), configuration);
    return folder;
  }

  /** Everything that `windowProcess.ts` needs to be another window of this folder. */
  windowProcessOptions(storagePath: string): WindowProcessOptions {
    const { folder, stateHome, product } = this;
    const runtimeEntry = join(product.directory, 'runtime.js');
    return { folder, stateHome, storagePath, runtimeEntry, extraArgs: longLife, build: product.build };
  }

  /** Opens a window on the folder; it connects by itself. */
  openWindow(options: WindowOptions = {}): Window {
    const { product = this.product, settings, extraArgs = longLife } = options;
    const folder = options.folder ?? this.folder;
    const connection = new RuntimeFolderConnection(
      { name: basename(folder), path: folder },
      { kind: 'window', isTrusted: true, ...settings },
      {
        registry: () => this.registry,
        storagePath: options.storagePath ?? join(this.path, 'storage'),
        runtimeEntry: join(product.directory, 'runtime.js'),
        isBundled: true,
        execPath: options.execPath ?? process.execPath,
        env: { ...process.env, REVEILLE_STATE_HOME: this.stateHome },
        extraArgs,
        build: product.build,
        clock: systemClock,
        logger: this.logger,
      },
    );
    const window = new Window(connection);
    connection.onDidChange(() => {
      this.#noteOwners();
    });
    this.#windows.push(window);
    connection.start();
    return window;
  }

  /** A window that is connected, with everything in its configuration accepted. */
  async openReadyWindow(options: WindowOptions = {}): Promise<Window> {
    const window = this.openWindow(options);
    await window.untilConnected();
    await window.acceptAll();
    return window;
  }

  /** All windows that were opened so far. */
  get windows(): readonly Window[] {
    return this.#windows;
  }

  /** The stores of all folders. */
  get stores(): string[] {
    return existsSync(this.stateHome) ? this.registry.list().map(({ store }) => store) : [];
  }

  /** The store of the only folder. */
  get store(): string {
    const [store] = this.stores;
    assert(store !== undefined, 'No folder has a store yet');
    return store;
  }

  get owner(): OwnerRecord {
    const owner = readOwner(this.store);
    assert(owner, 'The store never had an owner');
    this.#owners.set(owner.identity.pid, owner.identity);
    return owner;
  }

  /** Ids of the runs that began, each as often as it began, in order. */
  get started(): string[] {
    const file = join(this.folder, 'started');
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  }

  /** Lets the workers of a task end, or all. */
  letGo(taskKey?: string): void {
    writeFileSync(join(this.folder, taskKey === undefined ? 'go' : `go-${taskKey}`), '');
  }

  /** What the runtimes of the folder wrote into their diary. */
  get diary(): string {
    return readFileSync(join(this.store, 'runtime.log'), 'utf8');
  }

  /** Living processes that carry the id of a run of this place. */
  async processesOfRuns(): Promise<number[]> {
    const ids = new Set(this.stores.flatMap(runIdsIn));
    const table = await toProcessPlatform(process.platform).readTable(0);
    return table.filter(({ runId, isZombie }) => !isZombie && runId !== null && ids.has(runId)).map(({ pid }) => pid);
  }

  /** Resolves once the runtime that was seen has ended. */
  async untilEnded(identity: ProcessIdentity, limitMs = 10_000): Promise<void> {
    await poll(() => !isAlive(identity), `process ${identity.pid} ends`, limitMs);
  }

  /** Closes all windows, then ends the runtime in order. */
  async stop(): Promise<void> {
    for (const { connection } of this.#windows) connection.dispose();
    const { identity } = this.owner;
    process.kill(identity.pid, 'SIGTERM');
    await this.untilEnded(identity);
  }

  /** Opens the store of the folder, which nobody may own. */
  openStore(): Promise<Store> {
    const directory = join(this.store, 'state');
    return Store.open({ directory, wasmPath, logger: this.logger, isFenced: () => false });
  }

  /** Closes the windows, ends what runs, and checks that nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const window of this.#windows) window.connection.dispose();
    this.#noteOwners();
    await Promise.all([...this.#owners.values()].map((identity) => this.#end(identity)));
    const left = await this.processesOfRuns();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    this.#temporary[Symbol.dispose]();
    assert.deepEqual(left, [], 'Processes of runs were left behind');
  }

  async #end(identity: ProcessIdentity): Promise<void> {
    if (!isAlive(identity)) return;
    process.kill(identity.pid, 'SIGCONT');
    process.kill(identity.pid, 'SIGTERM');
    await this.untilEnded(identity, 20_000);
  }

  #noteOwners(): void {
    for (const store of this.stores) {
      const reading = inspectOwner(store);
      if (reading.kind === 'record') this.#owners.set(reading.record.identity.pid, reading.record.identity);
    }
  }
}

const longLife: readonly string[] = ['--linger-ms', '60000'];

function runIdsIn(store: string): string[] {
  const logs = join(store, 'logs');
  return existsSync(logs) ? readdirSync(logs).map((name) => name.split('.', 1)[0] ?? '') : [];
}

/** One window on one folder. */
export class Window {
  readonly connection: RuntimeFolderConnection;

  constructor(connection: RuntimeFolderConnection) {
    this.connection = connection;
  }

  get state(): FolderState {
    const { state } = this.connection;
    assert(state, 'The window has no state yet');
    return state;
  }

  /** The message of a failed connection. */
  get failure(): string {
    const { status } = this.connection;
    return status.kind === 'failed' ? status.message : `not failed but ${status.kind}`;
  }

  get pid(): number {
    return this.state.runtime.pid;
  }

  /** Closes the window; the runtime stays for a while. */
  close(): void {
    this.connection.dispose();
  }

  /** Resolves once the connection satisfies a condition. */
  until(condition: (connection: RuntimeFolderConnection) => boolean, limitMs = 15_000): Promise<void> {
    const { connection } = this;
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        if (!condition(connection)) return false;
        subscription.dispose();
        clearTimeout(timer);
        resolve();
        return true;
      };
      const timer = setTimeout(() => {
        subscription.dispose();
        const { status, state } = connection;
        const runs = [...(state?.runs.values() ?? [])].map((run) => `${run.number} ${run.status} ${run.heldFor ?? ''}`);
        reject(new Error(`It did not come to ${condition.toString()}: ${JSON.stringify({ status, runs }, null, 2)}`));
      }, limitMs);
      const subscription = connection.onDidChange(look);
      look();
    });
  }

  async untilConnected(limitMs?: number): Promise<void> {
    await this.until(({ status, state }) => status.kind === 'connected' && state !== null, limitMs);
  }

  async untilFailed(limitMs?: number): Promise<void> {
    await this.until(({ status }) => status.kind === 'failed', limitMs);
  }

  /** Resolves once a run has one of these statuses. */
  async untilRun(runId: string, statuses: readonly Run['status'][], limitMs?: number): Promise<Run> {
    const isThere = (state: FolderState | null): boolean =>
      statuses.some((one) => state?.runs.get(runId)?.status === one);
    await this.until(({ state }) => isThere(state), limitMs);
    const run = this.state.runs.get(runId);
    assert(run);
    return run;
  }

  settled(runId: string, limitMs?: number): Promise<Run> {
    return this.untilRun(runId, ['succeeded', 'failed', 'timed_out', 'cancelled'], limitMs);
  }

  /** Accepts whatever waits for the user's word. */
  async acceptAll(): Promise<void> {
    const { pending } = await this.connection.request('configuration.reload', {});
    if (pending.length === 0) return;
    await this.connection.request('configuration.accept', { hashes: pending.map(({ hash }) => hash) });
  }

  /** Wakes an agent; answers the run that will deliver it. */
  async wake(agent: string, params: { text?: string; taskKey?: string } = {}): Promise<string> {
    const { runId, message } = await this.connection.request('agent.wake', { agent, ...params });
    assert(runId !== null, message);
    return runId;
  }

  /** Wakes a worker and waits until it works. */
  async startWorker(taskKey: string): Promise<string> {
    const runId = await this.wake('worker', { taskKey, text: `text of ${taskKey}` });
    await this.untilRun(runId, ['running']);
    await poll(async () => (await this.readLog(runId)).includes('line 1'), `run ${runId} works`);
    return runId;
  }

  async readLog(runId: string): Promise<string> {
    const { text } = await this.connection.request('log.read', { runId, offset: 0, maxBytes: 1_048_576 });
    return text;
  }
}

/** Looks until something that sends no event is so. */
export async function poll(isSo: () => boolean | Promise<boolean>, what: string, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    assert(performance.now() < deadline, `It did not happen within ${limitMs} ms: ${what}`);
    await delay(5);
  }
}

/** The directory of a runtime's socket. */
export function endpointDirectory({ endpoint }: OwnerRecord): string {
  assert(endpoint !== null, 'The runtime does not listen yet');
  return dirname(endpoint);
}
