import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import * as path from 'node:path';
import type { Build } from '../endpoint/build.ts';
import { createEndpoint, type Endpoint } from '../endpoint/endpointPath.ts';
import type { FolderIdentity } from '../endpoint/folderIdentity.ts';
import { StopFlag } from '../endpoint/stopFlag.ts';
import { protocolVersion } from '../protocol.ts';
import { Attendance } from './attendance.ts';
import { ChangeFeed } from './changeFeed.ts';
import type { Clock } from './clock.ts';
import { ConfigurationWatcher } from './config/configurationWatcher.ts';
import { ConsentStore } from './config/consentStore.ts';
import { Definitions } from './definitions.ts';
import { Engine } from './engine.ts';
import { toError, UserError } from './errors.ts';
import { FolderSnapshot } from './folderSnapshot.ts';
import { DisposableStore } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { RuntimeState } from './model.ts';
import { identifyProcess } from './processIdentity.ts';
import { agentRequests } from './requests/agentRequests.ts';
import { folderRequests } from './requests/folderRequests.ts';
import { issueRequests } from './requests/issueRequests.ts';
import { runRequests } from './requests/runRequests.ts';
import { sessionRequests } from './requests/sessionRequests.ts';
import { toBaseEnvironment } from './runs/environment.ts';
import { Server } from './server.ts';
import { StopControl } from './stopControl.ts';
import { Owner } from './store/owner.ts';
import { StateWriter } from './store/stateWriter.ts';
import { Store } from './store/store.ts';
import { prepareStoreDirectory } from './store/storeDirectory.ts';
import type { FolderFacts } from './wakeups/dispatcher.ts';

export interface RuntimeOptions {
  readonly folder: FolderIdentity;
  /** Absolute path of the store's directory. */
  readonly storePath: string;
  /** The user's registry directory; holds the consents and the Stop Everything flag. */
  readonly stateDirectory: string;
  readonly wasmPath: string;
  readonly logPath: string;
  readonly build: Build;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs of the folder at a time. */
  readonly slots: number;
  /** How long to live on after the last client left, in milliseconds. */
  readonly lingerMs: number;
  /** False when the installation that this runtime came from has gone. */
  readonly hasInstallation: () => boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The runtime has come to its end by itself; the process should end too. */
  readonly onDidStop: (reason: string) => void;
}

/** Longest wait for running runs when a newer build takes over, in milliseconds. */
const drainMs = 600_000;

/**
 * Everything that runs for one folder; the only place that composes it.
 *
 * open: own the store → recover it → end what an earlier runtime left → read the configuration → listen → announce.
 * stop: claim nothing → cancel what runs → settle and flush → close the socket → release the store.
 */
export class Runtime implements AsyncDisposable {
  readonly #options: RuntimeOptions;
  readonly #disposables = new DisposableStore();
  readonly #owner: Owner;
  readonly #store: Store;
  readonly #startedAt: number;
  readonly #state: StateWriter;
  readonly #definitions: Definitions;
  readonly #snapshot: FolderSnapshot;
  readonly #feed: ChangeFeed;
  readonly #engine: Engine;
  readonly #endpoint: Endpoint;
  readonly #server: Server;
  readonly #attendance: Attendance;
  readonly #stopControl: StopControl;
  readonly #token = randomBytes(32).toString('hex');
  #mode: RuntimeState['mode'] = 'running';
  #stopping: Promise<void> | null = null;

  private constructor(options: RuntimeOptions, owner: Owner, store: Store) {
    const { clock, logger, folder } = options;
    this.#options = options;
    this.#owner = owner;
    this.#store = store;
    this.#startedAt = clock.now();
    this.#state = new StateWriter(store, (touched) => {
      this.#feed.add(this.#snapshot.changesOf(touched), store.durable());
    });
    const consentDirectory = path.join(options.stateDirectory, 'consent');
    const consents = new ConsentStore({ directory: consentDirectory, folderId: folder.id, clock, log: logger });
    this.#definitions = new Definitions({ folder: folder.path, store, state: this.#state, consents, clock, logger });
    this.#snapshot = new FolderSnapshot(store, this.#definitions);
    this.#feed = new ChangeFeed({
      publish: (batch) => {
        this.#server.publish(batch);
      },
      onError: (error) => {
        this.#fail(error);
      },
    });
    this.#engine = this.#makeEngine();
    this.#endpoint = this.#disposables.add(createEndpoint());
    this.#server = this.#makeServer();
    this.#attendance = this.#disposables.add(this.#makeAttendance());
    const flag = new StopFlag(options.stateDirectory);
    const onDidChange = (isStopped: boolean): Promise<void> => this.#followStop(isStopped);
    this.#stopControl = this.#disposables.add(new StopControl({ flag, clock, onDidChange }));
    this.#disposables.add(
      owner.watch(() => {
        this.#fail(new UserError('owned_elsewhere', 'Another Reveille runtime took this folder over.'));
      }),
    );
    void store.failed.then((error) => {
      this.#fail(error);
    });
  }

  /**
   * Takes the store over and begins to serve it.
   * @throws UserError of kind `owned_elsewhere`, `storage` or `version`; everything acquired is released again
   */
  static async open(options: RuntimeOptions): Promise<Runtime> {
    prepareStoreDirectory(options.storePath);
    const identity = identifyProcess(process.pid);
    if (!identity) throw new Error('This process cannot identify itself.');
    const { build, clock } = options;
    const claim = { identity, host: hostname(), build, protocol: protocolVersion, startedAt: clock.now() };
    const owner = Owner.acquire(options.storePath, claim);
    try {
      fs.mkdirSync(path.join(options.storePath, 'logs'), { recursive: true, mode: 0o700 });
      const directory = path.join(options.storePath, 'state');
      prepareStoreDirectory(directory);
      const { wasmPath, logger } = options;
      const store = await Store.open({ directory, wasmPath, logger, isFenced: () => owner.isFenced() });
      const runtime = new Runtime(options, owner, store);
      try {
        await runtime.#start();
        return runtime;
      } catch (error) {
        await runtime.stop('It could not start.');
        throw error;
      }
    } catch (error) {
      owner.release();
      throw error;
    }
  }

  /** Ends in order; what runs is cancelled. Resolves when the store is closed and released. May be called twice. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#end(reason);
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('Disposed.');
  }

  async #start(): Promise<void> {
    const { clock, logger, folder } = this.#options;
    await this.#engine.recover();
    await this.#definitions.reload();
    this.#disposables.add(
      this.#definitions.onDidChange(() => {
        this.#announceConfiguration();
      }),
    );
    this.#watchConfiguration(new ConfigurationWatcher({ folder: folder.path, clock, log: logger }));
    await this.#server.start();
    this.#owner.announce({ endpoint: this.#endpoint.path, token: this.#token });
    logger.info('The runtime is ready', folder.path, `version ${this.#options.build.version}`);
  }

  #facts(): FolderFacts {
    return {
      isStopped: this.#stopControl.isStopped,
      isDraining: this.#mode === 'draining' || this.#attendance.isFinishing,
      isTrusted: this.#attendance.isTrusted,
    };
  }

  #describe(): RuntimeState {
    const { build, storePath, logPath, slots } = this.#options;
    return {
      pid: process.pid,
      version: build.version,
      startedAt: this.#startedAt,
      mode: this.#mode,
      isStopped: this.#stopControl.isStopped,
      slots,
      storePath,
      logPath,
    };
  }

  #announceConfiguration(): void {
    this.#engine.refresh();
    const configuration = { kind: 'configuration', value: this.#definitions.state } as const;
    this.#feed.add([configuration, ...this.#snapshot.agentChanges()], this.#store.durable());
  }

  #announceRuntime(): void {
    this.#feed.add([{ kind: 'runtime', value: this.#describe() }], Promise.resolve());
  }

  #watchConfiguration(watcher: ConfigurationWatcher): void {
    this.#disposables.add(watcher);
    const reload = (): void => {
      this.#definitions.reload().catch((error: unknown) => {
        this.#options.logger.error('Reading the configuration failed', toError(error));
      });
    };
    this.#disposables.add(watcher.onDidSettle(reload));
    void watcher.start();
  }

  async #followStop(isStopped: boolean): Promise<void> {
    if (isStopped) this.#engine.executor.cancelAll('cancelled_by_stop');
    this.#announceRuntime();
    await this.#engine.dispatcher.dispatch();
    await this.#store.durable();
  }

  async #stopEverything(reason: string): Promise<number> {
    const running = this.#engine.dispatcher.runningCount;
    await this.#stopControl.stop(reason);
    return running;
  }

  #stopRuntime(mode: 'drain' | 'now', reason: string): void {
    this.#options.logger.info('The runtime is asked to stop', mode, reason);
    if (mode === 'now') {
      this.#leave(reason);
      return;
    }
    this.#mode = 'draining';
    this.#announceRuntime();
    this.#disposables.add(
      this.#options.clock.setTimeout(() => {
        this.#leave(`${reason}; it waited long enough for its runs.`);
      }, drainMs),
    );
    void this.#engine.dispatcher.whenIdle().then(() => {
      this.#leave(reason);
    });
  }

  #fail(error: unknown): void {
    if (this.#stopping) return;
    this.#options.logger.error('The state cannot be written any more; the runtime ends', toError(error));
    this.#leave('Its state cannot be written.');
  }

  #leave(reason: string): void {
    if (this.#stopping) return;
    void this.stop(reason).finally(() => {
      this.#options.onDidStop(reason);
    });
  }

  async #end(reason: string): Promise<void> {
    const { logger } = this.#options;
    logger.info('The runtime stops', reason);
    await this.#engine.stop();
    await this.#feed.whenPublished();
    await this.#server.stop();
    this.#disposables.dispose();
    await this.#store.close().catch((error: unknown) => {
      logger.error('Closing the store failed', toError(error));
    });
    this.#owner.release();
  }

  #makeEngine(): Engine {
    const { clock, logger, folder, environment, storePath, slots } = this.#options;
    return new Engine({
      store: this.#store,
      state: this.#state,
      definitions: this.#definitions,
      clock,
      logger,
      workspaceFolder: folder.path,
      logsDirectory: path.join(storePath, 'logs'),
      baseEnvironment: toBaseEnvironment(process.platform, environment),
      slots,
      facts: () => this.#facts(),
      onDidGrowLog: (growth) => {
        this.#server.growLog(growth);
      },
      onDidEndRun: () => {
        this.#attendance.review();
      },
    });
  }

  #makeServer(): Server {
    const { build, logger, clock, storePath } = this.#options;
    const logsDirectory = path.join(storePath, 'logs');
    const { queue, desk, dispatcher, executor } = this.#engine;
    const shared = { store: this.#store, state: this.#state, queue, desk, clock };
    return new Server({
      endpoint: this.#endpoint,
      token: this.#token,
      build,
      logger,
      clock,
      snapshot: async () => {
        const snapshot = this.#snapshot.take(this.#feed.sequence, this.#describe());
        await this.#store.durable();
        return snapshot;
      },
      handlers: {
        ...agentRequests({ ...shared, dispatcher }),
        ...issueRequests(shared),
        ...sessionRequests(shared),
        ...runRequests({ ...shared, executor, logsDirectory }),
        ...folderRequests({
          acceptDefinitions: (hashes) => this.#definitions.accept(hashes),
          reloadConfiguration: () => this.#definitions.reload(),
          stopEverything: (reason) => this.#stopEverything(reason),
          releaseEverything: () => this.#stopControl.release(),
          describe: () => this.#describe(),
          stopRuntime: (mode, reason) => {
            this.#stopRuntime(mode, reason);
          },
        }),
      },
    });
  }

  #makeAttendance(): Attendance {
    const { clock, lingerMs, folder, hasInstallation } = this.#options;
    return new Attendance({
      server: this.#server,
      clock,
      lingerMs,
      activeRuns: () => this.#engine.dispatcher.runningCount,
      hasGround: () => fs.existsSync(folder.path) && (this.#server.clients.length > 0 || hasInstallation()),
      onDidChange: () => {
        if (this.#attendance.isTrusted) this.#engine.startHeartbeats();
        void this.#engine.dispatcher.dispatch();
      },
      onDidExpire: () => {
        this.#leave('Nobody needs it any more.');
      },
    });
  }
}
