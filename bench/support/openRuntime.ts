import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findOrStart } from '../../src/connection/findOrStart.ts';
import { RuntimeFolderConnection } from '../../src/connection/folderConnection.ts';
import type { RuntimeClient } from '../../src/connection/client.ts';
import type { FolderState } from '../../src/connection/folderState.ts';
import { identifyFolder, type FolderIdentity } from '../../src/endpoint/folderIdentity.ts';
import { Registry } from '../../src/endpoint/registry.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Run } from '../../src/runtime/model.ts';
import { isAlive, identifyProcess } from '../../src/runtime/processIdentity.ts';
import type { Production } from './production.ts';
import { quietLogger } from './quietLogger.ts';

const client = { kind: 'window', isTrusted: true } as const;

/** As many definitions as one request may accept. */
const mostAccepted = 1000;

/** A workspace with a registry and a store of its own; a runtime for it starts when somebody connects. */
export class BenchFolder {
  readonly path: string;
  readonly registry: Registry;
  readonly #production: Production;
  readonly #home: string;
  readonly #runtimeArguments: readonly string[];

  /** @param configuration text of `.reveille/reveille.yaml` */
  constructor(production: Production, configuration: string, runtimeArguments: readonly string[] = []) {
    this.#production = production;
    this.#home = production.makeFolder('folder');
    this.#runtimeArguments = runtimeArguments;
    this.path = path.join(this.#home, 'workspace');
    mkdirSync(path.join(this.path, '.reveille'), { recursive: true });
    writeFileSync(path.join(this.path, '.reveille', 'reveille.yaml'), configuration);
    this.registry = Registry.open(path.join(this.#home, 'state'));
  }

  identify(): Promise<FolderIdentity> {
    return identifyFolder(this.path);
  }

  /** The directory of its store, made if need be. */
  async store(): Promise<string> {
    return (await this.registry.findOrCreate(await this.identify(), path.join(this.#home, 'store'))).store;
  }

  /** A window's connection, once it stands. The first one starts the runtime. */
  async connect(): Promise<BenchConnection> {
    await this.store();
    const connection = new RuntimeFolderConnection({ name: 'workspace', path: this.path }, client, this.#options());
    connection.start();
    await connection.request('runtime.status', {});
    return new BenchConnection(connection);
  }

  /** The part of connecting up to an authenticated client; starts the runtime if none lives. */
  async authenticate(): Promise<RuntimeClient> {
    const [folder, signal] = [await this.identify(), new AbortController().signal];
    return findOrStart({ ...this.#options(), registry: this.registry, folder, signal });
  }

  #options() {
    const { runtimeEntry, build } = this.#production;
    return {
      registry: () => this.registry,
      storagePath: this.#home,
      runtimeEntry,
      isBundled: true,
      execPath: process.execPath,
      env: { ...process.env, REVEILLE_STATE_HOME: this.registry.directory },
      extraArgs: this.#runtimeArguments,
      build,
      clock: systemClock,
      logger: quietLogger,
    };
  }
}

/** A connected window, with the few steps that benchmarks take. */
export class BenchConnection implements AsyncDisposable {
  readonly connection: RuntimeFolderConnection;

  constructor(connection: RuntimeFolderConnection) {
    this.connection = connection;
  }

  get state(): FolderState {
    const { state } = this.connection;
    if (state === null) throw new Error('There is no state yet.');
    return state;
  }

  /** The process of the runtime. */
  get pid(): number {
    return this.state.runtime.pid;
  }

  /** Accepts the configuration as it stands. */
  async acceptAll(): Promise<void> {
    const { pending, problems } = await this.connection.request('configuration.reload', {});
    if (problems.length > 0) throw new Error(`The configuration is wrong: ${JSON.stringify(problems)}`);
    const hashes = pending.map(({ hash }) => hash);
    for (let first = 0; first < hashes.length; first += mostAccepted) {
      await this.connection.request('configuration.accept', { hashes: hashes.slice(first, first + mostAccepted) });
    }
  }

  /** Wakes an agent; answers the run. */
  async wake(agent: string, taskKey: string): Promise<string> {
    const { runId, message } = await this.connection.request('agent.wake', { agent, taskKey });
    if (runId === null) throw new Error(message);
    return runId;
  }

  /** Resolves once a condition on the mirrored state holds; rejects when that takes more than two minutes. */
  until(condition: (state: FolderState) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const subscription = this.connection.onDidChange(() => {
        look();
      });
      const limit = setTimeout(() => {
        subscription.dispose();
        reject(new Error('It did not come to that within two minutes.'));
      }, 120_000);
      const look = (): void => {
        if (!condition(this.state)) return;
        subscription.dispose();
        clearTimeout(limit);
        resolve();
      };
      look();
    });
  }

  /** Resolves with a run once it has settled. @throws Error unless it succeeded */
  async succeeded(runId: string): Promise<Run> {
    await this.until(({ runs }) => (runs.get(runId)?.finishedAt ?? null) !== null);
    const run = this.state.runs.get(runId);
    if (run?.status !== 'succeeded') throw new Error(`The run ended otherwise: ${JSON.stringify(run)}`);
    return run;
  }

  /** Ends the runtime and resolves once its process has gone. */
  async stop(): Promise<void> {
    const identity = identifyProcess(this.pid);
    await this.connection.request('runtime.stop', { mode: 'now', reason: 'The benchmark ends.' });
    this.connection.dispose();
    while (identity !== null && isAlive(identity)) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
