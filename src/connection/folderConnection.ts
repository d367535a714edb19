import type { Build } from '../endpoint/build.ts';
import { identifyFolder, type FolderIdentity } from '../endpoint/folderIdentity.ts';
import { assertFree } from '../endpoint/freeStore.ts';
import type { OwnerRecord } from '../endpoint/ownerRecord.ts';
import type { Registry } from '../endpoint/registry.ts';
import type { Method, Notifications, Params, Result } from '../protocol.ts';
import type { Clock } from '../runtime/clock.ts';
import { toError, UserError } from '../runtime/errors.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Logger } from '../runtime/log.ts';
import { isAlive } from '../runtime/processIdentity.ts';
import type { RuntimeClient } from './client.ts';
import type { ConnectionStatus, FolderConnection } from './connection.ts';
import { findOrStart, isUsed, SilentRuntimeError } from './findOrStart.ts';
import type { FolderState } from './folderState.ts';
import { DamagedFolderError, type RuntimeProgram } from './launchRuntime.ts';
import { Mirror } from './mirror.ts';
import { listOrphans, type Orphan } from './orphans.ts';
import { watchPulse } from './pulse.ts';
import { removeDeletedStore } from './storeFolder.ts';
import { wait } from './wait.ts';

/** Who we are to the runtime: the rights and settings of the window. */
export type ClientSettings = Omit<Params<'updateClient'>, 'auditKey'> & Pick<Params<'attach'>, 'kind' | 'runId'>;

/** What all folders of a window have in common. */
export interface ConnectionOptions extends RuntimeProgram {
  /** Opens the user's registry; called when it is first needed. */
  readonly registry: () => Registry;
  /** The key that a window keeps for the audit log of a folder (by its id), as hex digits; null if it has none. May take its time. */
  readonly auditKey?: (folderId: string) => Promise<string | null>;
  /** The storage path of the window, where stores of new folders are created. */
  readonly storagePath: string;
  readonly build: Build;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One workspace folder as the window has it. */
export interface FolderReference {
  /** Display name. */
  readonly name: string;
  readonly path: string;
}

const requestWaitMs = 10_000;
const firstBackoffMs = 100;
const longestBackoffMs = 5000;
/** A connection that lasted this long, in milliseconds, was a good one: the next loss starts with the first backoff. */
const goodConnectionMs = 10_000;
/** So many connections in a row that ended at once are enough. */
const maxShortConnections = 8;

/** Requests that change nothing and may be sent again when an answer was lost. */
const reads: ReadonlySet<Method> = new Set<Method>([
  'run.get',
  'run.list',
  'heartbeat.list',
  'log.read',
  'session.list',
  'issue.list',
  'issue.get',
  'issue.comments',
  'usage.query',
  'activity.list',
  'activity.verify',
  'runtime.status',
]);

/**
 * Keeps one folder connected to its runtime.
 * `connecting → connected → connecting (reconnect) → …`; `unused` and `failed` end the loop until `retry`.
 */
export class RuntimeFolderConnection implements FolderConnection {
  readonly name: string;
  readonly #options: ConnectionOptions;
  readonly #mirror: Mirror;
  readonly #didChangeEmitter: Emitter<void>;
  readonly #didGrowLogEmitter: Emitter<Notifications['logGrew']>;
  #settings: ClientSettings;
  #path: string;
  #status: ConnectionStatus = { kind: 'connecting', isReconnect: false };
  #client: RuntimeClient | null = null;
  #folderId: string | null = null;
  #auditKey: string | null = null;
  #isAuditKeyAsked = false;
  #isWatchingLogs = false;
  #silentOwner: OwnerRecord | null = null;
  /** What the person was told of the damaged state, and may go on without. */
  #damage: DamagedFolderError | null = null;
  /** The running loop; null while `unused` or `failed`, and before `start`. */
  #loop: AbortController | null = null;
  /** Arguments for the next runtime that is started, beside those of all. */
  #launchArgs: readonly string[] = [];
  #isDisposed = false;

  constructor(folder: FolderReference, settings: ClientSettings, options: ConnectionOptions) {
    const onError = (error: unknown): void => {
      options.logger.error('A listener of a folder connection failed', toError(error));
    };
    this.name = folder.name;
    this.#path = folder.path;
    this.#settings = settings;
    this.#options = options;
    this.#didChangeEmitter = new Emitter(onError);
    this.#didGrowLogEmitter = new Emitter(onError);
    this.#mirror = new Mirror(() => {
      this.#didChangeEmitter.fire();
    });
  }

  get path(): string {
    return this.#path;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  get state(): FolderState | null {
    return this.#status.kind === 'unused' ? null : this.#mirror.state;
  }

  get onDidChange(): Event<void> {
    return this.#didChangeEmitter.event;
  }

  get onDidGrowLog(): Event<Notifications['logGrew']> {
    return this.#didGrowLogEmitter.event;
  }

  /** Begins to connect, unless the folder is unused or this goes on already. */
  start(): void {
    this.#startLoop(false);
  }

  retry(): void {
    this.#startLoop(true);
  }

  restartRuntime(): void {
    const owner = this.#silentOwner;
    this.#silentOwner = null;
    if (owner !== null && isAlive(owner.identity)) {
      this.#options.logger.warn('A silent runtime is ended', owner.identity.pid);
      process.kill(owner.identity.pid, 'SIGKILL');
    }
    this.retry();
  }

  continueDamaged(): void {
    const damage = this.#damage;
    this.#startLoop(true, damage === null ? [] : ['--continue-after', String(damage.continueAfter)]);
  }

  restoreFrom(backup: string): void {
    this.#startLoop(true, ['--restore', backup]);
  }

  listOrphans(): Promise<readonly Orphan[]> {
    return listOrphans(this.#options.registry());
  }

  async adopt(orphanId: string): Promise<void> {
    if (this.#status.kind === 'connected' || this.#status.kind === 'connecting') {
      // The runtime gives the store up itself: nobody else can start one on it in between.
      await this.request('state.adopt', { entryId: orphanId });
      return;
    }
    await this.#options.registry().adopt(await identifyFolder(this.#path), orphanId, assertFree);
    this.retry();
  }

  async deleteState(): Promise<void> {
    const registry = this.#options.registry();
    const folder = await identifyFolder(this.#path);
    const entry = registry.find(folder);
    await this.request('state.delete', {});
    if (entry !== null) await removeDeletedStore(registry, entry, this.#options.clock);
  }

  /** Tells the runtime, now and after each reconnect, what rights and settings this window has. */
  updateSettings(settings: ClientSettings): void {
    this.#settings = settings;
    this.#askForAuditKey();
    const { kind: _kind, ...params } = settings;
    this.#client?.request('updateClient', { ...params, ...this.#secret }).catch((error: unknown) => {
      this.#options.logger.warn('The runtime did not take the settings', toError(error).message);
    });
  }

  /** What only a trusted window tells. */
  get #secret(): { auditKey?: string } {
    return this.#auditKey !== null && this.#settings.isTrusted ? { auditKey: this.#auditKey } : {};
  }

  /** Once, when the window is trusted. Connecting does not wait for it: a keychain may ask the user to unlock it first. */
  #askForAuditKey(): void {
    const { auditKey, logger } = this.#options;
    if (!auditKey || this.#folderId === null || this.#isAuditKeyAsked || !this.#settings.isTrusted) return;
    this.#isAuditKeyAsked = true;
    auditKey(this.#folderId).then(
      (key) => {
        this.#auditKey = key;
        if (key !== null) this.updateSettings(this.#settings);
      },
      (error: unknown) => {
        logger.warn('The key of the audit log was not found', toError(error).message);
      },
    );
  }

  watchLogs(enabled: boolean): void {
    if (this.#isWatchingLogs === enabled) return;
    this.#isWatchingLogs = enabled;
    this.#sendLogWatch(enabled);
  }

  #sendLogWatch(enabled: boolean): void {
    this.#client?.request('log.watch', { enabled }).catch((error: unknown) => {
      this.#options.logger.warn('The runtime does not announce logs', toError(error).message);
    });
  }

  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const client = await this.#connected();
    try {
      return await client.request(method, params);
    } catch (error) {
      if (!client.isClosed || !reads.has(method)) throw error;
    }
    return (await this.#connected()).request(method, params);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#loop?.abort(new Error('The connection was disposed'));
    this.#client?.dispose();
    // Those who wait for a connection learn that none will come.
    this.#didChangeEmitter.fire();
    this.#didChangeEmitter.dispose();
    this.#didGrowLogEmitter.dispose();
  }

  #startLoop(isForced: boolean, launchArgs: readonly string[] = []): void {
    if (this.#loop !== null || this.#isDisposed) return;
    const loop = new AbortController();
    this.#loop = loop;
    this.#silentOwner = null;
    this.#damage = null;
    this.#launchArgs = launchArgs;
    this.#setStatus({ kind: 'connecting', isReconnect: this.state !== null });
    void this.#run(loop.signal, isForced);
  }

  /** Never rejects: whatever goes wrong becomes the status. */
  async #run(signal: AbortSignal, isForced: boolean): Promise<void> {
    let end: ConnectionStatus;
    try {
      end = await this.#stayConnected(signal, isForced);
    } catch (error) {
      // Disposed: nobody is left to be told.
      if (signal.aborted) return;
      end = this.#explain(toError(error));
      this.#options.logger.warn('A folder is not connected', this.#path, toError(error).message);
    }
    this.#loop = null;
    if (!signal.aborted) this.#setStatus(end);
  }

  async #stayConnected(signal: AbortSignal, isForced: boolean): Promise<ConnectionStatus> {
    const { clock } = this.#options;
    const folder = await identifyFolder(this.#path);
    this.#path = folder.path;
    const registry = this.#options.registry();
    if (!isForced && !isUsed(folder, registry)) return { kind: 'unused' };
    this.#folderId = folder.id;
    this.#askForAuditKey();
    for (let shortOnes = 0; shortOnes < maxShortConnections;) {
      const began = clock.monotonic();
      const wasConnected = await this.#connectOnce(folder, registry, signal);
      // Its state was deleted, and its configuration is gone too: nothing is started unasked.
      if (!isUsed(folder, registry)) return { kind: 'unused' };
      shortOnes = wasConnected && clock.monotonic() - began >= goodConnectionMs ? 0 : shortOnes + 1;
      this.#setStatus({ kind: 'connecting', isReconnect: true });
      // The first loss is mended at once.
      if (shortOnes > 1) await wait(clock, Math.min(firstBackoffMs * 2 ** (shortOnes - 2), longestBackoffMs), signal);
    }
    throw new UserError('unreachable', 'The Reveille runtime ends again and again. Look into its log, then retry.');
  }

  /** Connects and stays until the connection is lost; false if it was lost before it stood. */
  async #connectOnce(folder: FolderIdentity, registry: Registry, signal: AbortSignal): Promise<boolean> {
    const onDrain = (): void => {
      this.#setStatus({ kind: 'connecting', isReconnect: this.state !== null, isWaitingForOlder: true });
    };
    const extraArgs = [...(this.#options.extraArgs ?? []), ...this.#launchArgs];
    const client = await findOrStart({ ...this.#options, extraArgs, folder, registry, signal, onDrain });
    this.#launchArgs = [];
    const lost = new Promise<void>((resolve) => {
      client.onDidClose(() => {
        resolve();
      });
    });
    const pulse = watchPulse(client, this.#options.clock);
    try {
      signal.throwIfAborted();
      await this.#introduce(client);
      this.#setStatus({ kind: 'connected' });
      await lost;
      return true;
    } catch (error) {
      if (!client.isClosed || signal.aborted) throw error;
      return false;
    } finally {
      pulse.dispose();
      this.#client = null;
      client.dispose();
    }
  }

  async #introduce(client: RuntimeClient): Promise<void> {
    const { version } = this.#options.build;
    client.onDidGrowLog((growth) => {
      this.#didGrowLogEmitter.fire(growth);
    });
    const attached = this.#settings;
    const key = this.#auditKey;
    const { instance } = await client.request('attach', { ...attached, ...this.#secret, version });
    await this.#mirror.follow(client, instance);
    this.#client = client;
    if (this.#isWatchingLogs) this.#sendLogWatch(true);
    if (attached !== this.#settings || key !== this.#auditKey) this.updateSettings(this.#settings);
  }

  /** Waits for a connection that is being made. */
  #connected(): Promise<RuntimeClient> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        const { kind } = this.#status;
        if (kind === 'connected' && this.#client !== null) resolve(this.#client);
        else if (kind === 'connecting' && !this.#isDisposed) return false;
        else reject(new UserError('unreachable', this.#whyNot()));
        return true;
      };
      if (settle()) return;
      const limit = this.#options.clock.setTimeout(() => {
        subscription.dispose();
        reject(
          new UserError('unreachable', 'The Reveille runtime of this folder is not there yet. Retry in a moment.'),
        );
      }, requestWaitMs);
      const subscription = this.onDidChange(() => {
        if (!settle()) return;
        subscription.dispose();
        limit.dispose();
      });
    });
  }

  #whyNot(): string {
    if (this.#status.kind === 'failed') return this.#status.message;
    return this.#isDisposed
      ? 'The folder was closed.'
      : `Reveille does not run in ${this.name}. Create a configuration first.`;
  }

  #explain(error: Error): ConnectionStatus {
    if (error instanceof SilentRuntimeError) {
      this.#silentOwner = error.owner;
      return { kind: 'failed', message: error.message, action: 'restartRuntime' };
    }
    if (error instanceof DamagedFolderError) {
      this.#damage = error;
      return { kind: 'failed', message: error.message, action: 'chooseState' };
    }
    if (error instanceof UserError) {
      return { kind: 'failed', message: error.message, action: error.kind === 'version' ? 'reload' : 'retry' };
    }
    this.#options.logger.error('Connecting failed', error);
    return {
      kind: 'failed',
      message: 'Reveille could not connect to its runtime; its log tells why. Retry.',
      action: 'retry',
    };
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status;
    this.#didChangeEmitter.fire();
  }
}
