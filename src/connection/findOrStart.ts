import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { compareBuilds, type Build } from '../endpoint/build.ts';
import type { FolderIdentity } from '../endpoint/folderIdentity.ts';
import { inspectOwner, type OwnerReading, type OwnerRecord } from '../endpoint/ownerRecord.ts';
import type { FolderEntry, Registry } from '../endpoint/registry.ts';
import { protocolVersion } from '../protocol.ts';
import type { Clock } from '../runtime/clock.ts';
import { systemErrorCode, toError, UserError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { isAlive } from '../runtime/processIdentity.ts';
import { RuntimeClient } from './client.ts';
import { launchRuntime, type Launch, type RuntimeProgram } from './launchRuntime.ts';
import { makeStoreFolder } from './storeFolder.ts';
import { wait } from './wait.ts';

export interface RuntimeSearch extends RuntimeProgram {
  readonly folder: FolderIdentity;
  readonly registry: Registry;
  /** Where to create the store if the folder has none: the storage path of the window. */
  readonly storagePath: string;
  /** What we bring along. */
  readonly build: Build;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the search. */
  readonly signal: AbortSignal;
  /** Told when the search has to wait for an older runtime to finish its runs. */
  readonly onDrain?: () => void;
}

/** The owner lives and does not answer; only a person may decide to end it. */
export class SilentRuntimeError extends UserError {
  readonly owner: OwnerRecord;

  constructor(owner: OwnerRecord, message: string) {
    super('unreachable', message);
    this.owner = owner;
  }
}

const pollMs = 20;
/** How long an owner that lives may stay silent, and a newcomer may take to listen, in milliseconds. */
const silenceMs = 10_000;
/** How long a damaged owner record counts as being written, in milliseconds. */
const unreadableMs = 2000;
/** How long an older runtime may take for its last runs, in milliseconds; it cancels them itself after ten minutes. */
const drainMs = 630_000;
const drainPollMs = 250;
/** After so many runtimes that were killed while they started, it is no accident. */
const maxInterrupted = 3;

/**
 * Connects to the runtime of a folder; starts one if none lives, replaces an older one after it has finished its runs.
 * The client is authenticated and not yet attached.
 * @throws SilentRuntimeError, or UserError of kind `version` (ours is too old), `owned_elsewhere` (another machine),
 * `storage`, or whatever kind the starting runtime reports.
 */
export async function findOrStart(search: RuntimeSearch): Promise<RuntimeClient> {
  return new Search(search, await useEntry(search)).run();
}

async function useEntry({ folder, registry, storagePath, build }: RuntimeSearch): Promise<FolderEntry> {
  const proposed = storeWithin(storagePath, folder);
  if (registry.find(folder) === null) makeStoreFolder(proposed);
  await registry.findOrCreate(folder, proposed);
  return registry.recordUse(folder, build);
}

/**
 * The store of a folder within the storage path of a window. A second window on the same workspace gets a storage path
 * with `-1` at the workspace's part, which is not part of anything's identity.
 */
export function storeWithin(storagePath: string, folder: FolderIdentity): string {
  const shared = storagePath.replace(/([\\/]workspaceStorage[\\/][^\\/]+?)-\d{1,3}(?=[\\/]|$)/, '$1');
  return join(shared, 'stores', folder.id.slice(0, 16));
}

/** True if the folder has a configuration, or ever had a runtime: only then one is started unasked. */
export function isUsed(folder: FolderIdentity, registry: Registry): boolean {
  return existsSync(join(folder.path, '.reveille', 'reveille.yaml')) || registry.find(folder) !== null;
}

class Search {
  readonly #search: RuntimeSearch;
  readonly #entry: FolderEntry;
  /** Since when (monotonic) the same thing is the case: a live owner is silent, a record is damaged. */
  #since: { what: string; at: number } | null = null;
  #launch: Launch | null = null;
  /** Runtimes that were killed, or asked to leave, while they started. */
  #interrupted = 0;

  constructor(search: RuntimeSearch, entry: FolderEntry) {
    this.#search = search;
    this.#entry = entry;
  }

  async run(): Promise<RuntimeClient> {
    try {
      for (;;) {
        const client = await this.#step(inspectOwner(this.#store));
        if (client !== null) return client;
        await wait(this.#search.clock, pollMs, this.#search.signal);
      }
    } finally {
      this.#launch?.release();
    }
  }

  /** Looked up each time: somebody may have the folder adopt another state meanwhile. */
  get #store(): string {
    return (this.#search.registry.find(this.#search.folder) ?? this.#entry).store;
  }

  async #step(reading: OwnerReading): Promise<RuntimeClient | null> {
    if (reading.kind === 'unreadable') {
      if (this.#lastedMs(reading.path) > unreadableMs) await this.#start(`record ${String(reading.epoch)}`);
      return null;
    }
    if (reading.kind === 'none' || reading.record.released) {
      await this.#start(reading.kind === 'none' ? 'none' : `released ${String(reading.record.epoch)}`);
      return null;
    }
    return this.#join(reading.record);
  }

  async #join(owner: OwnerRecord): Promise<RuntimeClient | null> {
    if (owner.host !== hostname()) {
      throw new UserError(
        'owned_elsewhere',
        `The agents of this folder are run by Reveille on ${owner.host}. Stop it there first.`,
      );
    }
    const client = await this.#connect(owner);
    if (client === null) {
      if (!isAlive(owner.identity)) await this.#start(`dead ${String(owner.epoch)}`);
      else if (this.#lastedMs(`silent ${String(owner.epoch)}`) > silenceMs) throw silent(owner);
      return null;
    }
    if (compareBuilds(this.#search.build, client.peer.build) <= 0 || !this.#mayStart()) return client;
    await this.#drain(client, owner);
    return null;
  }

  /** A connected client; null if nobody answers properly. */
  async #connect(owner: OwnerRecord): Promise<RuntimeClient | null> {
    if (owner.endpoint === null || owner.token === null) return null;
    const { build, clock, logger } = this.#search;
    const isOlder = compareBuilds(build, owner.build) > 0;
    // An older runtime is asked to leave in its own protocol: attach and runtime.stop are the same in all of them.
    const protocol = isOlder ? owner.protocol : protocolVersion;
    try {
      return await RuntimeClient.connect({
        endpoint: owner.endpoint,
        token: owner.token,
        protocol,
        build,
        clock,
        logger,
      });
    } catch (error) {
      this.#search.signal.throwIfAborted();
      if (error instanceof UserError && error.kind !== 'unreachable') throw error;
      logger.debug('The runtime does not answer', systemErrorCode(error) ?? toError(error).message);
      return null;
    }
  }

  /** Asks an older runtime to finish and waits until it has gone. */
  async #drain(client: RuntimeClient, owner: OwnerRecord): Promise<void> {
    const { build, clock, logger, signal, onDrain } = this.#search;
    logger.info('An older runtime is asked to finish', client.peer.build.version, build.version);
    onDrain?.();
    try {
      await client.request('attach', { kind: 'cli', version: build.version, isTrusted: false });
      await client.request('runtime.stop', { mode: 'drain', reason: `Reveille ${build.version} takes over` });
    } catch (error) {
      if (!client.isClosed) throw error;
    } finally {
      client.dispose();
    }
    const began = clock.monotonic();
    while (this.#isStillOwnedBy(owner)) {
      if (clock.monotonic() - began > drainMs) throw silent(owner);
      await wait(clock, drainPollMs, signal);
    }
  }

  #isStillOwnedBy(owner: OwnerRecord): boolean {
    const reading = inspectOwner(this.#store);
    if (reading.kind !== 'record' || reading.record.epoch !== owner.epoch) return false;
    return !reading.record.released && isAlive(owner.identity);
  }

  #mayStart(): boolean {
    const { folder, registry } = this.#search;
    // Somebody with a newer build may have come since the search began.
    const { newestVersion } = registry.find(folder) ?? this.#entry;
    return newestVersion === null || compareBuilds(this.#search.build, newestVersion) >= 0;
  }

  /** Starts a runtime, or waits for the one started before. `after` names the state of affairs that calls for it. */
  async #start(after: string): Promise<void> {
    const { folder, registry, clock, signal } = this.#search;
    if (!this.#mayStart()) {
      // Whoever has the newer build may be about to start it.
      if (this.#lastedMs(`too old ${after}`) > silenceMs)
        throw tooOld((registry.find(folder) ?? this.#entry).newestVersion);
      return;
    }
    // Whoever has gone meanwhile must not leave a runtime behind that nobody asked for.
    signal.throwIfAborted();
    if (this.#launch === null) {
      this.#launch = launchRuntime(this.#search, {
        folder: folder.path,
        store: this.#store,
        cwd: registry.directory,
      });
      this.#since = null;
    }
    const lasted = this.#lastedMs(`start ${after}`);
    const end = await Promise.race([this.#launch.ended, wait(clock, pollMs, signal)]);
    if (end?.kind === 'failed') throw end.error;
    if (end?.kind === 'interrupted' && ++this.#interrupted >= maxInterrupted) throw end.error;
    if (end !== undefined) this.#launch = null;
    if (lasted > silenceMs) {
      throw new UserError('unreachable', 'The Reveille runtime takes too long to start. Retry, or look into its log.');
    }
  }

  #lastedMs(what: string): number {
    const now = this.#search.clock.monotonic();
    if (this.#since?.what !== what) this.#since = { what, at: now };
    return now - this.#since.at;
  }
}

function silent(owner: OwnerRecord): SilentRuntimeError {
  const pid = String(owner.identity.pid);
  return new SilentRuntimeError(
    owner,
    `The Reveille runtime of this folder (process ${pid}) lives but does not answer. Restart it.`,
  );
}

function tooOld(newest: Build | null): UserError {
  const version = newest?.version ?? '';
  return new UserError(
    'version',
    `This folder was last run by a newer Reveille (${version}). Reload the window to update Reveille.`,
  );
}
