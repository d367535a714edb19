import type { FolderConnection } from '../connection/connection.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { HeartbeatRun } from '../runtime/model.ts';

type Folder = Pick<FolderConnection, 'path' | 'state' | 'status' | 'request'>;

const pageSize = 20;

/**
 * The last runs of named heartbeats of each folder. Whatever happens to one also changes an agent that takes part, or the
 * configuration: then they are asked for again.
 */
export class HeartbeatPages implements Disposable {
  readonly #connections: { readonly folders: readonly Folder[] };
  readonly #onError: (error: unknown) => void;
  readonly #pages = new Map<string, readonly HeartbeatRun[]>();
  /** Of each folder, what it was asked for last. */
  readonly #seen = new Map<string, readonly unknown[]>();
  readonly #loading = new Set<string>();
  readonly #changeEmitter: Emitter<void>;
  readonly #subscription: Disposable;

  constructor(
    connections: { readonly folders: readonly Folder[]; readonly onDidChange: Event<void> },
    onError: (error: unknown) => void,
  ) {
    this.#connections = connections;
    this.#onError = onError;
    this.#changeEmitter = new Emitter(onError);
    this.#subscription = connections.onDidChange(() => {
      this.#follow();
    });
    this.#follow();
  }

  /** By folder path, newest first. */
  get pages(): ReadonlyMap<string, readonly HeartbeatRun[]> {
    return this.#pages;
  }

  get onDidChange(): Event<void> {
    return this.#changeEmitter.event;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changeEmitter.dispose();
  }

  #follow(): void {
    const { folders } = this.#connections;
    for (const known of this.#seen.keys()) {
      if (folders.some(({ path }) => path === known)) continue;
      this.#seen.delete(known);
      this.#pages.delete(known);
    }
    for (const folder of folders) {
      const current = participantsOf(folder);
      if (current === null || this.#loading.has(folder.path)) continue;
      if (isSame(current, this.#seen.get(folder.path))) continue;
      this.#seen.set(folder.path, current);
      this.#load(folder).catch(this.#onError);
    }
  }

  async #load(folder: Folder): Promise<void> {
    this.#loading.add(folder.path);
    try {
      const { heartbeats } = await folder.request('heartbeat.list', { limit: pageSize });
      this.#pages.set(folder.path, heartbeats);
    } catch (error) {
      // Asked for again with the next change, at the latest when the connection is there again.
      this.#seen.delete(folder.path);
      throw error;
    } finally {
      this.#loading.delete(folder.path);
    }
    this.#changeEmitter.fire();
    // What changed meanwhile was not asked for.
    this.#follow();
  }
}

/** What changes with every step of a named heartbeat; null if there is nothing to ask for. */
function participantsOf({ state, status }: Folder): readonly unknown[] | null {
  if (state === null || status.kind !== 'connected') return null;
  const agents = [...state.agents.values()].filter(({ namedHeartbeats }) => namedHeartbeats.length > 0);
  return [state.runtime.startedAt, state.configuration, ...agents];
}

function isSame(a: readonly unknown[], b: readonly unknown[] | undefined): boolean {
  return b?.length === a.length && a.every((one, index) => one === b[index]);
}
