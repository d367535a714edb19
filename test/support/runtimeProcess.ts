import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RuntimeFolderConnection, type ClientSettings } from '../../src/connection/folderConnection.ts';
import type { Build } from '../../src/endpoint/build.ts';
import { inspectOwner, readOwner, type OwnerRecord } from '../../src/endpoint/ownerRecord.ts';
import { Registry } from '../../src/endpoint/registry.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { isAlive, type ProcessIdentity } from '../../src/runtime/processIdentity.ts';
import { toProcessPlatform } from '../../src/runtime/runs/processPlatform.ts';
import { Store } from '../../src/runtime/store/store.ts';
import { poll } from './poll.ts';
import { buildProduct, type Product } from './productBuild.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporaryFolder.ts';
import { TestLogger } from './testLogger.ts';
import { fixtureProgram } from './testRuns.ts';
import { TestWindow } from './testWindow.ts';
import { wasmPath } from './wasm.ts';

/** What `test/fixtures/windowProcess.ts` is told. */
export interface WindowProcessOptions {
  readonly folder: string;
  readonly stateHome: string;
  readonly storagePath: string;
  readonly runtimeEntry: string;
  readonly extraArgs: readonly string[];
  readonly build: Build;
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
  readonly #windows: TestWindow[] = [];
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
  openWindow(options: WindowOptions = {}): TestWindow {
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
    const window = new TestWindow(connection);
    connection.onDidChange(() => {
      this.#noteOwners();
    });
    this.#windows.push(window);
    connection.start();
    return window;
  }

  /** A window that is connected, with everything in its configuration accepted. */
  async openReadyWindow(options: WindowOptions = {}): Promise<TestWindow> {
    const window = this.openWindow(options);
    await window.untilConnected();
    await window.acceptAll();
    return window;
  }

  /** All windows that were opened so far. */
  get windows(): readonly TestWindow[] {
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

/** The directory of a runtime's socket. */
export function endpointDirectory({ endpoint }: OwnerRecord): string {
  assert(endpoint !== null, 'The runtime does not listen yet');
  return dirname(endpoint);
}
