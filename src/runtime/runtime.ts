import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { createEndpoint, type Endpoint } from '../endpoint/endpointPath.ts';
import { StopFlag } from '../endpoint/stopFlag.ts';
import { Attendance } from './attendance.ts';
import { BaseEnvironment } from './baseEnvironment.ts';
import { ChangeFeed } from './changeFeed.ts';
import { ConfigurationWatcher } from './config/configurationWatcher.ts';
import { Definitions } from './definitions.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { toError, UserError } from './errors.ts';
import { FolderSnapshot } from './folderSnapshot.ts';
import { Audit, type Actor, type AuditDetails } from './governance/audit.ts';
import { AuditHead } from './governance/auditHead.ts';
import { AuditKeys } from './governance/auditKeys.ts';
import { makeHandlers } from './handlers.ts';
import { recordEnd, recordStart } from './lifeRecords.ts';
import { DisposableStore } from './lifecycle.ts';
import { LiveNotes } from './liveNotes.ts';
import type { RuntimeState } from './model.ts';
import { maxLogBytes } from './retention/limits.ts';
import { Retention } from './retention/retention.ts';
import { openOwnedStore, type OwnedStoreOptions } from './ownedStore.ts';
import { requireActingRun } from './requests/agentRights.ts';
import { LogFolder } from './runs/logFolder.ts';
import { SecretDesk } from './secretDesk.ts';
import { Server } from './server.ts';
import type { ClientContext } from './serverClient.ts';
import { settleOrigin } from './stateOrigin.ts';
import { StopControl, type Asker } from './stopControl.ts';
import type { Owner } from './store/owner.ts';
import { StateWriter } from './store/stateWriter.ts';
import type { Store } from './store/store.ts';
import type { FolderFacts } from './wakeups/gate.ts';

export interface RuntimeOptions extends OwnedStoreOptions, Pick<EngineOptions, 'spawner'> {
  readonly logPath: string;
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
  readonly #auditKeys = new AuditKeys();
  readonly #auditHead: AuditHead;
  readonly #audit: Audit;
  readonly #definitions: Definitions;
  readonly #snapshot: FolderSnapshot;
  readonly #feed: ChangeFeed;
  readonly #retention: Retention;
  readonly #notes: LiveNotes;
  readonly #engine: Engine;
  readonly #secrets: SecretDesk;
  readonly #environment: BaseEnvironment;
  readonly #endpoint: Endpoint;
  readonly #server: Server;
  readonly #attendance: Attendance;
  readonly #stopControl: StopControl;
  readonly #token = randomBytes(32).toString('hex');
  #mode: RuntimeState['mode'] = 'running';
  #stopping: Promise<void> | null = null;
  /** True once the state is about to be replaced or deleted: nothing more is recorded in it. */
  #isGivenUp = false;
  /** Who asked for its end; the runtime itself if nobody did. */
  #stopActor: Actor = 'runtime';

  private constructor(options: RuntimeOptions, owner: Owner, store: Store) {
    const { clock, logger, folder, stateDirectory } = options;
    this.#options = options;
    this.#owner = owner;
    this.#store = store;
    this.#startedAt = clock.now();
    this.#state = new StateWriter(store, (touched) => {
      this.#feed.add(this.#snapshot.changesOf(touched), store.durable());
    });
    const isFenced = (): boolean => owner.isFenced();
    const keys = this.#auditKeys;
    this.#auditHead = new AuditHead({ store, keys, clock, logger, stateDirectory, folderId: folder.id, isFenced });
    this.#audit = new Audit({ store, clock, keys, head: this.#auditHead });
    this.#definitions = Definitions.of(options, { store, state: this.#state, audit: this.#audit });
    this.#notes = this.#disposables.add(
      new LiveNotes(clock, (runId) => this.#feed.add(this.#snapshot.runChanges(runId), store.durable())),
    );
    this.#snapshot = new FolderSnapshot(store, this.#definitions, clock, this.#notes);
    this.#feed = new ChangeFeed({
      publish: (batch) => {
        this.#server.publish(batch);
      },
      onError: (error) => {
        this.#fail(error);
      },
    });
    const logs = new LogFolder(path.join(options.storePath, 'logs'));
    this.#retention = new Retention({ store, state: this.#state, audit: this.#audit, clock, logger, logs });
    this.#secrets = new SecretDesk({
      store,
      state: this.#state,
      audit: this.#audit,
      onDidChange: () => {
        this.#announceRuntime();
        return this.#engine.dispatcher.dispatch();
      },
    });
    this.#environment = this.#disposables.add(new BaseEnvironment({ ...options, platform: process.platform }));
    this.#engine = this.#makeEngine();
    this.#endpoint = this.#disposables.add(createEndpoint());
    this.#server = this.#makeServer();
    this.#attendance = this.#disposables.add(this.#makeAttendance());
    const meet = (client: ClientContext): void => {
      this.#environment.follow(client);
      this.#takeAuditKey(client);
      this.#retention.follow(client);
      this.#engine.machineSlots.follow(client);
    };
    this.#disposables.add(this.#server.onDidAttach(meet));
    this.#disposables.add(this.#server.onDidUpdate(meet));
    const flag = new StopFlag(options.stateDirectory);
    const onDidChange = (isStopped: boolean, by: Asker | null): Promise<void> => this.#followStop(isStopped, by);
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
    const { owner, store } = await openOwnedStore(options);
    try {
      const runtime = new Runtime(options, owner, store);
      await runtime.#start().catch(async (error: unknown) => {
        await runtime.stop('It could not start.');
        throw error;
      });
      return runtime;
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
    this.#recordStart();
    await this.#engine.recover();
    const { queue } = this.#engine;
    const origin = { folder, store: this.#store, state: this.#state, queue, audit: this.#audit, logger };
    if (settleOrigin(origin)) await this.#auditHead.export();
    await this.#definitions.reload();
    this.#secrets.refresh();
    this.#disposables.add(
      this.#definitions.onDidChange(() => {
        this.#announceConfiguration();
      }),
    );
    this.#disposables.add(
      this.#definitions.follow(new ConfigurationWatcher({ folder: folder.path, clock, log: logger })),
    );
    await this.#server.start();
    this.#retention.start();
    this.#owner.announce({ endpoint: this.#endpoint.path, token: this.#token });
    logger.info('The runtime is ready', folder.path, `version ${this.#options.build.version}`);
  }

  #facts(): FolderFacts {
    return {
      isStopped: this.#stopControl.isStopped,
      isDraining: this.#mode === 'draining' || this.#attendance.isFinishing,
      isTrusted: this.#attendance.isTrusted,
      obstaclesOf: (agent) => (this.#secrets.missingFor(agent).length > 0 ? ['secrets'] : []),
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
      remarks: this.#store.remarks,
      secrets: this.#secrets.needs,
    };
  }

  #announceConfiguration(): void {
    this.#engine.refresh();
    this.#secrets.refresh();
    const runtime = { kind: 'runtime', value: this.#describe() } as const;
    const configuration = { kind: 'configuration', value: this.#definitions.state } as const;
    this.#feed.add([configuration, runtime, ...this.#snapshot.agentChanges()], this.#store.durable());
  }

  #announceRuntime(): void {
    this.#feed.add([{ kind: 'runtime', value: this.#describe() }], Promise.resolve());
  }

  #recordStart(): void {
    const { build, continueAfter } = this.#options;
    const { isStopped } = this.#stopControl;
    const isContinued = continueAfter !== undefined;
    recordStart(this.#store, this.#audit, { version: build.version, isStopped, isContinued });
  }

  /** Only a trusted window has a say in what the audit log is chained with. */
  #takeAuditKey({ isTrusted, auditKey }: ClientContext): void {
    if (isTrusted && auditKey !== undefined) this.#audit.offerKey(auditKey);
  }

  async #followStop(isStopped: boolean, by: Asker | null): Promise<void> {
    const action = isStopped ? 'everything.stopped' : 'everything.released';
    const details: AuditDetails = by === null ? { elsewhere: true } : {};
    this.#store.transact((writer) => {
      const entry = { actor: by?.actor ?? 'runtime', action, target: 'everything', details } as const;
      this.#audit.record(writer, { ...entry, text: by?.reason ?? null });
    });
    if (isStopped) this.#engine.executor.cancelAll('cancelled_by_stop');
    this.#announceRuntime();
    await this.#engine.dispatcher.dispatch();
    await this.#store.durable();
  }

  async #stopEverything(by: Asker): Promise<number> {
    const running = this.#engine.dispatcher.runningCount;
    await this.#stopControl.stop(by);
    return running;
  }

  #stopRuntime(mode: 'drain' | 'now', reason: string, by: Actor): void {
    this.#stopActor = by;
    this.#options.logger.info('The runtime is asked to stop', mode, reason);
    if (mode === 'now') {
      this.#leave(reason);
      return;
    }
    this.#mode = 'draining';
    this.#announceRuntime();
    this.#engine.executor.stopWaiting();
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

  /**
   * Ends in order, and lets `work` have the state while it is closed and still owned. Resolves with what `work` answers; the
   * process ends when that has left for the client.
   */
  #surrender<T>(reason: string, by: Actor, work: () => Promise<T>): Promise<T> {
    if (this.#stopping) throw leaving();
    this.#stopActor = by;
    this.#isGivenUp = true;
    return new Promise((resolve, reject) => {
      this.#stopping = this.#end(reason, async () => {
        await (this.#owner.isFenced() ? Promise.reject(leaving()) : work()).then(resolve, reject);
        await new Promise((answered) => setImmediate(answered));
      });
      void this.#stopping.catch(reject).finally(() => {
        this.#options.onDidStop(reason);
      });
    });
  }

  async #end(reason: string, whenClosed?: () => Promise<void>): Promise<void> {
    const { logger } = this.#options;
    logger.info('The runtime stops', reason);
    await this.#engine.stop();
    await this.#retention.stop();
    await this.#feed.whenPublished();
    if (!whenClosed) await this.#server.stop();
    this.#disposables.dispose();
    recordEnd(this.#store, this.#audit, { actor: this.#stopActor, reason, logger });
    await this.#auditHead.export();
    this.#auditHead.dispose();
    await this.#store.close().catch((error: unknown) => {
      logger.error('Closing the store failed', toError(error));
    });
    await whenClosed?.();
    await this.#server.stop();
    this.#owner.release();
  }

  #makeEngine(): Engine {
    const { folder, storePath, stateDirectory } = this.#options;
    return new Engine({
      ...this.#options,
      store: this.#store,
      state: this.#state,
      definitions: this.#definitions,
      audit: this.#audit,
      workspaceFolder: folder.path,
      logsDirectory: path.join(storePath, 'logs'),
      changesDirectory: path.join(storePath, 'changes'),
      ownDirectories: [storePath, stateDirectory],
      stateDirectory,
      maxLogBytes: () => maxLogBytes(this.#retention.limits),
      environment: this.#environment,
      secrets: this.#secrets,
      notes: this.#notes,
      isAttended: () => this.#mode === 'running' && this.#attendance.hasPerson,
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
    const { folder, build, logger, clock, storePath, stateDirectory, wasmPath } = this.#options;
    return new Server({
      endpoint: this.#endpoint,
      token: this.#token,
      build,
      logger,
      clock,
      snapshot: async () => {
        this.#assertServing();
        const snapshot = this.#snapshot.take(this.#feed.sequence, this.#describe());
        await this.#store.durable();
        return snapshot;
      },
      findActingRun: (runId) => requireActingRun(this.#store, runId),
      handlers: makeHandlers({
        folder,
        storePath,
        stateDirectory,
        wasmPath,
        version: build.version,
        clock,
        store: this.#store,
        state: this.#state,
        audit: this.#audit,
        auditKeys: this.#auditKeys,
        auditHead: this.#auditHead,
        definitions: this.#definitions,
        engine: this.#engine,
        secrets: this.#secrets,
        control: {
          stopEverything: (reason, actor) => this.#stopEverything({ actor, reason }),
          releaseEverything: (actor) => this.#stopControl.release({ actor, reason: '' }),
          describe: () => this.#describe(),
          stopRuntime: (mode, reason, by) => {
            this.#stopRuntime(mode, reason, by);
          },
        },
        assertServing: () => {
          this.#assertServing();
        },
        surrender: (reason, by, work) => this.#surrender(reason, by, work),
      }),
    });
  }

  #assertServing(): void {
    if (this.#isGivenUp) throw leaving();
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
        if (this.#attendance.isFinishing) this.#engine.executor.stopWaiting();
        void this.#engine.dispatcher.dispatch();
      },
      onDidExpire: () => {
        this.#leave('Nobody needs it any more.');
      },
    });
  }
}

function leaving(): UserError {
  return new UserError('unreachable', 'The runtime of this folder is about to end. Retry in a moment.');
}
