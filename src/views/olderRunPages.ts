import type { FolderConnection } from '../connection/connection.ts';
import { Emitter, type Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import { mergeRuns, type OlderRuns } from './runsModel.ts';

const pageSize = 50;

/** Older runs that the user asked for, page by page and per folder. They live as long as the window. */
export class OlderRunPages implements Disposable {
  readonly #pages = new Map<string, OlderRuns>();
  readonly #loading = new Set<string>();
  readonly #changeEmitter: Emitter<void>;

  constructor(onError: (error: unknown) => void) {
    this.#changeEmitter = new Emitter(onError);
  }

  /** By folder path. */
  get pages(): ReadonlyMap<string, OlderRuns> {
    return this.#pages;
  }

  get onDidChange(): Event<void> {
    return this.#changeEmitter.event;
  }

  /** Asks for the page after the oldest run that is shown; a second call while one is under way does nothing. */
  async loadMore(folder: FolderConnection): Promise<void> {
    if (folder.state === null || this.#loading.has(folder.path)) return;
    this.#loading.add(folder.path);
    try {
      const known = this.#pages.get(folder.path);
      const oldest = mergeRuns(folder.state, known).at(-1);
      const page = await folder.request('run.list', {
        limit: pageSize,
        ...(oldest === undefined ? {} : { before: oldest.number }),
      });
      this.#pages.set(folder.path, { runs: [...(known?.runs ?? []), ...page.runs], hasMore: page.hasMore });
    } finally {
      this.#loading.delete(folder.path);
    }
    this.#changeEmitter.fire();
  }

  /** Forgets the pages of a folder whose history was changed otherwise than by new runs. */
  forget(folder: string): void {
    if (this.#pages.delete(folder)) this.#changeEmitter.fire();
  }

  dispose(): void {
    this.#changeEmitter.dispose();
  }
}
