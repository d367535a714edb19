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
  /** Absolute path of its store; never changes once it stands here. */
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
      const temporary = this.#writeTemporary(used);
      renameSync(temporary, this.#pathOf(folder.id));
      return used;
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
  async #locked<T>(id: string, change: () => T): Promise<T> {
    const lock = join(this.#folders, `${id}.lock`);
    try {
      const deadline = performance.now() + lockLimitMs;
      while (!tryLock(lock)) {
        if (performance.now() > deadline) throw new Error(`${lock} stays locked`);
        await delay(lockRetryMs);
      }
      try {
        return change();
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
