import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { systemErrorCode, UserError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** A lock older than this was left by a process that died. */
const staleLockMs = 10_000;
const lockRetryMs = 20;
const lockPatienceMs = 20_000;

const content = z.object({ version: z.literal(1), accepted: z.array(z.string()) });

export interface ConsentStoreOptions {
  /** Directory of the user's consent files; made if missing. */
  readonly directory: string;
  readonly folderId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The fingerprints that this user has accepted for one folder, in a file of their own outside the folder, shared by all
 * processes of the user. A set that only grows, because branches switch back.
 */
export class ConsentStore {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor({ directory, folderId, clock, log }: ConsentStoreOptions) {
    this.#file = path.join(directory, `${folderId}.json`);
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Everything accepted so far. A file that makes no sense is set aside and counts as nothing accepted.
   * Throws `UserError` (storage) if the file cannot be read.
   */
  async read(): Promise<ReadonlySet<string>> {
    return (await this.#readFile()) ?? (await this.#exclusively(() => this.#readOrSetAside()));
  }

  /**
   * Adds fingerprints and returns everything accepted then, what other processes added included. Durable when it resolves.
   * Throws `UserError` (storage) if that fails.
   */
  async add(fingerprints: Iterable<string>): Promise<ReadonlySet<string>> {
    const added = [...fingerprints];
    return this.#exclusively(async () => {
      const accepted = new Set([...(await this.#readOrSetAside()), ...added]);
      await this.#write([...accepted]);
      return accepted;
    });
  }

  /** Null for a file that makes no sense. */
  async #readFile(): Promise<ReadonlySet<string> | null> {
    try {
      return parse(await readFile(this.#file, 'utf8'));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return new Set();
      throw this.#toUserError('read', error);
    }
  }

  /** Only under the lock: else it could set aside what another process has just mended. */
  async #readOrSetAside(): Promise<ReadonlySet<string>> {
    const accepted = await this.#readFile();
    if (accepted !== null) return accepted;
    const aside = `${this.#file}.corrupt-${String(this.#clock.now())}`;
    this.#log.warn('A consent file made no sense and was set aside; nothing counts as accepted', { aside });
    await rename(this.#file, aside);
    return new Set();
  }

  /** Runs one action at a time, among all processes of the user. */
  async #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(() => this.#withLock(action));
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #withLock<T>(action: () => Promise<T>): Promise<T> {
    try {
      await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      await this.#lock();
      try {
        return await action();
      } finally {
        await rm(this.#lockFile, { force: true });
      }
    } catch (error) {
      throw error instanceof UserError ? error : this.#toUserError('written', error);
    }
  }

  get #lockFile(): string {
    return `${this.#file}.lock`;
  }

  async #lock(): Promise<void> {
    const giveUpAt = this.#clock.monotonic() + lockPatienceMs;
    for (;;) {
      try {
        await (await open(this.#lockFile, 'wx', 0o600)).close();
        return;
      } catch (error) {
        // Windows answers EPERM while a lock that was just removed is still open somewhere.
        const code = systemErrorCode(error);
        const isTaken = code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32');
        if (!isTaken || this.#clock.monotonic() > giveUpAt) throw error;
      }
      await this.#removeStaleLock();
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, lockRetryMs));
    }
  }

  async #removeStaleLock(): Promise<void> {
    const lock = await stat(this.#lockFile).catch(() => null);
    if (lock === null || Math.abs(this.#clock.now() - lock.mtimeMs) < staleLockMs) return;
    this.#log.warn('Removed the lock of a consent file that a dead process left');
    await rm(this.#lockFile, { force: true });
  }

  async #write(accepted: readonly string[]): Promise<void> {
    const temporary = `${this.#file}.${randomUUID()}.tmp`;
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await writeFile(handle, `${JSON.stringify({ version: 1, accepted }, null, 1)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await chmod(temporary, 0o600);
      await rename(temporary, this.#file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #toUserError(what: string, cause: unknown): UserError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new UserError(
      'storage',
      `What you accepted cannot be ${what}: ${reason}. Check the rights of ${this.#file}.`,
      {
        cause,
      },
    );
  }
}

function parse(text: string): ReadonlySet<string> | null {
  try {
    return new Set(content.parse(JSON.parse(text)).accepted);
  } catch {
    // Whatever is wrong with it, the answer is the same: it cannot be believed.
    return null;
  }
}
