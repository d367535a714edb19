import { identifyFolder } from '../endpoint/folderIdentity.ts';
import { toError } from '../runtime/errors.ts';
import type { Event } from '../runtime/events.ts';
import type { Disposable } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/log.ts';
import type { FolderConnection } from './connection.ts';

type Folder = Pick<FolderConnection, 'path' | 'status' | 'state' | 'request'>;

/** The parts of VS Code's `SecretStorage` and `Memento` that are needed. */
export interface SecretKeeperOptions {
  readonly connections: { readonly folders: readonly Folder[]; readonly onDidChange: Event<void> };
  readonly keychain: {
    get(name: string): PromiseLike<string | undefined>;
    store(name: string, value: string): PromiseLike<void>;
    delete(name: string): PromiseLike<void>;
  };
  /** Which secrets the keychain has: it cannot be asked for a list. Names only. */
  readonly memory: {
    get(name: string): unknown;
    update(name: string, value: unknown): PromiseLike<void>;
  };
  readonly isTrusted: () => boolean;
  readonly log: Logger;
}

/**
 * The secrets that a person has set for each folder, in the keychain of the editor. Each runtime that lacks one is brought it,
 * once: one that is removed from a runtime later stays removed there.
 */
export class SecretKeeper implements Disposable {
  readonly #options: SecretKeeperOptions;
  readonly #subscription: Disposable;
  /** By folder: its runtime, and the names that the keychain was asked for on its behalf. */
  readonly #asked = new Map<string, { readonly runtime: string; readonly names: Set<string> }>();

  constructor(options: SecretKeeperOptions) {
    this.#options = options;
    this.#subscription = options.connections.onDidChange(() => {
      this.review();
    });
  }

  /** Brings runtimes what they lack; call it when trust was granted. */
  review(): void {
    if (!this.#options.isTrusted()) return;
    for (const folder of this.#options.connections.folders) {
      const names = this.#namesToBring(folder);
      if (names.length === 0) continue;
      this.#bring(folder, names).catch((error: unknown) => {
        this.#options.log.warn('Secrets could not be brought to the runtime', folder.path, toError(error).message);
      });
    }
  }

  /** Keeps a value, and gives it to the runtime of the folder. @throws UserError if the runtime does not take it; it is kept then */
  async set(folder: Folder, name: string, value: string): Promise<void> {
    const { keychain } = this.#options;
    const id = await idOf(folder);
    await keychain.store(entryOf(id, name), value);
    await this.#remember(id, [...this.#namesOf(id).filter((one) => one !== name), name]);
    await folder.request('secrets.offer', { values: { [name]: value } });
  }

  /** Forgets a value, here and in the runtime of the folder. @throws UserError if the runtime cannot be told */
  async delete(folder: Folder, name: string): Promise<void> {
    const id = await idOf(folder);
    await this.#options.keychain.delete(entryOf(id, name));
    await this.#remember(
      id,
      this.#namesOf(id).filter((one) => one !== name),
    );
    await folder.request('secrets.forget', { names: [name] });
  }

  /** The names of the secrets that are kept for a folder, sorted. */
  async listNames(folder: Folder): Promise<string[]> {
    return this.#namesOf(await idOf(folder)).sort();
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #namesToBring({ path, status, state }: Folder): string[] {
    if (status.kind !== 'connected' || state === null) return [];
    const { pid, startedAt, secrets } = state.runtime;
    const runtime = `${String(pid)}-${String(startedAt)}`;
    const before = this.#asked.get(path);
    const asked = before?.runtime === runtime ? before : { runtime, names: new Set<string>() };
    this.#asked.set(path, asked);
    const names = secrets.filter(({ name, isSet }) => !isSet && !asked.names.has(name)).map(({ name }) => name);
    for (const name of names) asked.names.add(name);
    return names;
  }

  async #bring(folder: Folder, names: readonly string[]): Promise<void> {
    const { keychain } = this.#options;
    const id = await idOf(folder);
    const values: Record<string, string> = {};
    for (const name of names) {
      const value = await keychain.get(entryOf(id, name));
      if (value !== undefined && value !== '') values[name] = value;
    }
    if (Object.keys(values).length === 0) return;
    try {
      await folder.request('secrets.offer', { values });
    } catch (error) {
      // The connection was lost, or trust: the next change of it is another occasion.
      for (const name of Object.keys(values)) this.#asked.get(folder.path)?.names.delete(name);
      throw error;
    }
  }

  #namesOf(folderId: string): string[] {
    const names = this.#options.memory.get(listOf(folderId));
    return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : [];
  }

  async #remember(folderId: string, names: readonly string[]): Promise<void> {
    await this.#options.memory.update(listOf(folderId), names.length === 0 ? undefined : names);
  }
}

async function idOf({ path }: Folder): Promise<string> {
  return (await identifyFolder(path)).id;
}

function entryOf(folderId: string, name: string): string {
  return `reveille.secret.${folderId}.${name}`;
}

function listOf(folderId: string): string {
  return `reveille.secretNames.${folderId}`;
}
