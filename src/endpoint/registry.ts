import { linkSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemErrorCode, UserError } from '../runtime/errors.ts';
import { compareBuilds, parseBuild, type Build } from './build.ts';
import type { FolderIdentity } from './folderIdentity.ts';
import { makePrivateDirectory } from './privateDirectory.ts';
import { stateDirectory } from './stateDirectory.ts';

/** What the registry knows of one folder. */
export interface FolderEntry {
  readonly id: string;
  /** Real path of the folder. */
  readonly path: string;
  /** Absolute path of its store; changes only when the folder adopts another one. */
  readonly store: string;
  /** The newest build that ever ran here; nothing older is started. */
  readonly newestVersion: Build | null;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms. */
  readonly lastUsedAt: number;
}

/** A lock held for this long, in milliseconds, belongs to a process that died: it is held for a few file operations. */
const staleLockMs = 3000;
const lockRetryMs = 10;
/** Longest wait for a lock, in milliseconds. */
const lockLimitMs = 10_000;

/**
 * The user's list of folders, outside the editor: `folders/<id>.json` each. Everybody who opens a folder, in whatever
 * window, profile or product, finds its one store here.
 */
export class Registry {
  /** Also the home of stores that no window ever gave a place. */
  readonly directory: string;
  readonly #folders: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.#folders = join(directory, 'folders');
  }

  /**
   * Opens the current user's registry, or the one in `directory`.
   * @throws UserError of kind `storage` if the directory cannot be made or is not private.
   */
  static open(directory = stateDirectory({ platform: process.platform, env: process.env, home: homedir() })): Registry {
    makePrivateDirectory(directory);
    const registry = new Registry(directory);
    makePrivateDirectory(registry.#folders);
    return registry;
  }

  /** The entry of a folder; null if it has none, or none that can be read. */
  find(folder: FolderIdentity): FolderEntry | null {
    return this.#read(folder.id);
  }

  /** All folders with a readable entry. */
  list(): FolderEntry[] {
    return readdirSync(this.#folders)
      .map((name) => /^([0-9a-f]{32})\.json$/.exec(name)?.[1])
      .filter((id) => id !== undefined)
      .map((id) => this.#read(id))
      .filter((entry) => entry !== null);
  }

  /**
   * The entry of a folder, made with the proposed store if there is none: of several who ask at once, all get the same.
   * A damaged entry is set aside, and its store kept if that can still be read in it.
   * @throws UserError of kind `storage` if the registry cannot be written.
   */
  async findOrCreate(folder: FolderIdentity, proposedStore: string): Promise<FolderEntry> {
    const existing = this.#read(folder.id);
    if (existing !== null) return existing;
    return this.#locked(folder.id, () => {
      const meanwhile = this.#read(folder.id);
      if (meanwhile !== null) return meanwhile;
      const store = this.#setAsideDamaged(folder.id) ?? proposedStore;
      const now = Date.now();
      return this.#create({ ...folder, store, newestVersion: null, createdAt: now, lastUsedAt: now });
    });
  }

  /**
   * Notes that a folder is used, and by which build if that is the newest so far; answers the entry after that.
   * @throws UserError of kind `storage` if the registry cannot be written or has no such entry.
   */
  async recordUse(folder: FolderIdentity, build: Build | null): Promise<FolderEntry> {
    return this.#locked(folder.id, () => {
      const entry = this.#read(folder.id);
      if (entry === null) throw new UserError('storage', `${folder.path} is not in the registry. Reload the window.`);
      const newestVersion = newerBuild(entry.newestVersion, build);
      const used = { ...entry, newestVersion, lastUsedAt: Date.now() };
      this.#write(used);
      return used;
    });
  }

  /**
   * Makes sure that a folder belongs to a store, for a runtime that owns the store already: of several stores that would serve
   * one folder, only one does. Registers the store if the folder has none; false if the folder has another one.
   * @throws UserError of kind `storage` if the registry cannot be written.
   */
  async confirm(folder: FolderIdentity, store: string): Promise<boolean> {
    return this.#locked(folder.id, () => {
      const now = Date.now();
      const made = { ...folder, store, newestVersion: null, createdAt: now, lastUsedAt: now };
      return (this.#read(folder.id) ?? this.#create(made)).store === store;
    });
  }

  /**
   * Points a folder to the store of another entry, which disappears. The store that the folder had gets an entry of its own,
   * under an id that belongs to no folder: nothing is lost, and adopting that entry undoes it.
   * @param assertFree throws for a store that somebody else runs; asked for both, while no entry can change
   * @throws UserError of kind `not_found` if there is no such entry, `storage`, or what `assertFree` throws
   */
  async adopt(folder: FolderIdentity, entryId: string, assertFree: (store: string) => void): Promise<FolderEntry> {
    if (folder.id === entryId) throw new UserError('refused', 'This state belongs to this folder already.');
    // Always in the same order, so that two who adopt at once do not wait for each other.
    const [first = '', second = ''] = [folder.id, entryId].sort();
    return this.#locked(first, () =>
      this.#locked(second, () => {
        const adopted = this.#read(entryId);
        if (adopted === null) throw new UserError('not_found', 'That state is not in the registry any more.');
        const present = this.#read(folder.id);
        assertFree(adopted.store);
        if (present !== null) assertFree(present.store);
        if (present !== null) this.#write({ ...present, id: randomBytes(16).toString('hex') });
        const entry = { ...adopted, ...folder, lastUsedAt: Date.now() };
        this.#write(entry);
        unlinkSync(this.#pathOf(entryId));
        return entry;
      }),
    );
  }

  /**
   * Removes the entry of a folder if it still names this store; does nothing else.
   * @throws UserError of kind `storage` if the registry cannot be written.
   */
  async forget(folder: Pick<FolderIdentity, 'id'>, store: string): Promise<void> {
    await this.#locked(folder.id, () => {
      if (this.#read(folder.id)?.store === store) unlinkSync(this.#pathOf(folder.id));
    });
  }

  /**
   * Has `remove` delete a store that no entry names, while nobody can give it to this folder; answers whether it was called.
   * @throws UserError of kind `storage` if the registry cannot be written, or what `remove` throws
   */
  async removeUnused(folder: Pick<FolderIdentity, 'id'>, store: string, remove: () => void): Promise<boolean> {
    return this.#locked(folder.id, () => {
      if (this.list().some((entry) => entry.store === store)) return false;
      remove();
      return true;
    });
  }

  #pathOf(id: string): string {
    return join(this.#folders, `${id}.json`);
  }

  #read(id: string): FolderEntry | null {
    try {
      return parseEntry(id, readFileSync(this.#pathOf(id), 'utf8'));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw cannotUse(this.directory, error);
    }
  }

  #create(entry: FolderEntry): FolderEntry {
    const temporary = this.#writeTemporary(entry);
    try {
      linkSync(temporary, this.#pathOf(entry.id));
      return entry;
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') return this.#createWithoutLinks(entry);
      return this.#read(entry.id) ?? entry;
    } finally {
      unlinkSync(temporary);
    }
  }

  /** Creates or replaces an entry in one step. */
  #write(entry: FolderEntry): void {
    renameSync(this.#writeTemporary(entry), this.#pathOf(entry.id));
  }

  /** For file systems that have no links, such as exFAT. */
  #createWithoutLinks(entry: FolderEntry): FolderEntry {
    writeFileSync(this.#pathOf(entry.id), formatEntry(entry), { flag: 'wx', mode: 0o600 });
    return entry;
  }

  #writeTemporary(entry: FolderEntry): string {
    const path = join(this.#folders, `${entry.id}.${randomBytes(6).toString('hex')}.tmp`);
    writeFileSync(path, formatEntry(entry), { flag: 'wx', mode: 0o600, flush: true });
    return path;
  }

  /** Moves an unreadable entry out of the way; answers the store named in it, if one is. */
  #setAsideDamaged(id: string): string | null {
    let text: string;
    try {
      text = readFileSync(this.#pathOf(id), 'utf8');
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
    renameSync(this.#pathOf(id), join(this.#folders, `${id}.damaged-${String(Date.now())}`));
    return salvageStore(text);
  }

  /** Runs a few synchronous file operations while nobody else changes this entry. */
  async #locked<T>(id: string, change: () => T | Promise<T>): Promise<T> {
    const lock = join(this.#folders, `${id}.lock`);
    try {
      const deadline = performance.now() + lockLimitMs;
      while (!tryLock(lock)) {
        if (performance.now() > deadline) throw new Error(`${lock} stays locked`);
        await delay(lockRetryMs);
      }
      try {
        return await change();
      } finally {
        unlinkSync(lock);
      }
    } catch (error) {
      throw error instanceof UserError ? error : cannotUse(this.directory, error);
    }
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    // EPERM: Windows, while another process is removing it.
    if (!['EEXIST', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
  }
  try {
    if (Date.now() - statSync(path).mtimeMs > staleLockMs) unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  return false;
}

function newerBuild(known: Build | null, used: Build | null): Build | null {
  if (known === null || used === null) return known ?? used;
  return compareBuilds(used, known) > 0 ? used : known;
}

function parseEntry(id: string, text: string): FolderEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A damaged entry is set aside by the next one who needs it.
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { path, store, createdAt, lastUsedAt, newestVersion } = value as Partial<Record<keyof FolderEntry, unknown>>;
  if (typeof path !== 'string' || typeof store !== 'string') return null;
  if (typeof createdAt !== 'number' || typeof lastUsedAt !== 'number') return null;
  return { id, path, store, createdAt, lastUsedAt, newestVersion: parseBuild(newestVersion) };
}

function formatEntry(entry: FolderEntry): string {
  const { path, store, newestVersion, createdAt, lastUsedAt } = entry;
  return `${JSON.stringify({ path, store, newestVersion, createdAt, lastUsedAt }, null, 2)}\n`;
}

function salvageStore(text: string): string | null {
  const quoted = /"store"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  if (quoted === undefined) return null;
  try {
    const store: unknown = JSON.parse(quoted);
    return typeof store === 'string' && statSync(store).isDirectory() ? store : null;
  } catch {
    // Not a path that leads anywhere.
    return null;
  }
}

function cannotUse(directory: string, cause: unknown): UserError {
  return new UserError('storage', `Reveille cannot use its folder ${directory}. Make it writable for your user.`, {
    cause,
  });
}
