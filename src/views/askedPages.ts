import type { FolderConnection } from '../connection/connection.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';

export type AskedFolder = Pick<FolderConnection, 'path' | 'state' | 'status' | 'request'>;

export interface Question<Item> {
  /** What has to be another object before it is worth asking again. */
  readonly watch: (state: NonNullable<AskedFolder['state']>) => readonly unknown[];
  /** The newest of a folder, newest first. */
  readonly ask: (folder: AskedFolder) => Promise<readonly Item[]>;
}

/** What happens within this time is asked for together. */
const burstMs = 250;

/**
 * The first page of what folders do not mirror, asked for again whenever something else that they do mirror says that it has
 * become different: at once for a new folder, else once for each burst of changes, and never twice at a time.
 */
export class AskedPages<Item> implements Disposable {
  readonly #connections: { readonly folders: readonly AskedFolder[] };
  readonly #question: Question<Item>;
  readonly #onError: (error: unknown) => void;
  readonly #pages = new Map<string, readonly Item[]>();
  /** Of each folder, what it was asked for last. */
  readonly #seen = new Map<string, readonly unknown[]>();
  readonly #loading = new Set<string>();
  /** By folder: what ends the burst. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #changeEmitter: Emitter<void>;
  readonly #subscription: Disposable;

  constructor(
    connections: { readonly folders: readonly AskedFolder[]; readonly onDidChange: Event<void> },
    question: Question<Item>,
    onError: (error: unknown) => void,
  ) {
    this.#connections = connections;
    this.#question = question;
    this.#onError = onError;
    this.#changeEmitter = new Emitter(onError);
    this.#subscription = connections.onDidChange(() => {
      this.#follow();
    });
    this.#follow();
  }

  /** By folder path, newest first. */
  get pages(): ReadonlyMap<string, readonly Item[]> {
    return this.#pages;
  }

  get onDidChange(): Event<void> {
    return this.#changeEmitter.event;
  }

  /** Asks for all of them again, at once: those that were removed for their age are not announced. */
  refresh(): void {
    this.#seen.clear();
    this.#follow();
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#changeEmitter.dispose();
  }

  #follow(): void {
    const { folders } = this.#connections;
    for (const known of this.#seen.keys()) {
      if (folders.some(({ path }) => path === known)) continue;
      this.#stopWaiting(known);
      this.#seen.delete(known);
      this.#pages.delete(known);
    }
    for (const folder of folders) {
      const current = this.#watched(folder);
      if (current === null || this.#loading.has(folder.path)) continue;
      const seen = this.#seen.get(folder.path);
      if (seen === undefined) this.#ask(folder);
      else if (!isSame(current, seen)) this.#askSoon(folder);
    }
  }

  /** Null if there is nobody to ask. */
  #watched({ state, status }: AskedFolder): readonly unknown[] | null {
    if (state === null || status.kind !== 'connected') return null;
    return [state.runtime.startedAt, ...this.#question.watch(state)];
  }

  #askSoon(folder: AskedFolder): void {
    if (this.#timers.has(folder.path)) return;
    const timer = setTimeout(() => {
      this.#ask(folder);
    }, burstMs);
    this.#timers.set(folder.path, timer);
  }

  #ask(folder: AskedFolder): void {
    this.#stopWaiting(folder.path);
    const current = this.#watched(folder);
    if (current === null) return;
    this.#seen.set(folder.path, current);
    this.#load(folder).catch(this.#onError);
  }

  #stopWaiting(path: string): void {
    clearTimeout(this.#timers.get(path));
    this.#timers.delete(path);
  }

  async #load(folder: AskedFolder): Promise<void> {
    this.#loading.add(folder.path);
    try {
      this.#pages.set(folder.path, await this.#question.ask(folder));
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

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return b.length === a.length && a.every((one, index) => one === b[index]);
}
