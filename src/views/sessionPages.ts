import type { FolderConnection } from '../connection/connection.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { Session } from '../runtime/model.ts';

type Folder = Pick<FolderConnection, 'path' | 'state' | 'status' | 'request'>;

const pageSize = 200;

/**
 * The newest sessions of each folder. A run that takes or leaves one also changes its agent: then they are asked for again; who resets
 * one says so by `refresh`.
 */
export class SessionPages implements Disposable {
  readonly #connections: { readonly folders: readonly Folder[] };
  readonly #onError: (error: unknown) => void;
  readonly #pages = new Map<string, readonly Session[]>();
  /** Of each folder, as of what it was asked last. */
  readonly #seen = new Map<string, string>();
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
  get pages(): ReadonlyMap<string, readonly Session[]> {
    return this.#pages;
  }

  get onDidChange(): Event<void> {
    return this.#changeEmitter.event;
  }

  /** Asks for all of them again: somebody may have reset one elsewhere, which nobody announces. */
  refresh(): void {
    this.#seen.clear();
    this.#follow();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changeEmitter.dispose();
  }

  #follow(): void {
    const { folders } = this.#connections;
    for (const known of [...this.#pages.keys()]) {
      if (folders.some(({ path }) => path === known)) continue;
      this.#seen.delete(known);
      this.#pages.delete(known);
    }
    for (const folder of folders) {
      const current = stateOf(folder);
      if (current === null || this.#loading.has(folder.path) || current === this.#seen.get(folder.path)) continue;
      this.#seen.set(folder.path, current);
      this.#load(folder).catch(this.#onError);
    }
  }

  async #load(folder: Folder): Promise<void> {
    this.#loading.add(folder.path);
    try {
      const { sessions } = await folder.request('session.list', { limit: pageSize });
      this.#pages.set(folder.path, sessions);
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

/** What changes whenever a run takes or leaves a session; null if there is nothing to ask for. */
function stateOf({ state, status }: Folder): string | null {
  if (state === null || status.kind !== 'connected') return null;
  const running = [...state.runs.values()].filter((run) => run.status === 'running').map(({ id }) => id);
  const agents = [...state.agents.values()].map(({ key, lastRunId, lastRunAt }) => [key, lastRunId, lastRunAt]);
  return JSON.stringify([state.runtime.startedAt, running, agents]);
}
