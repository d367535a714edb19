import { readdirSync, readFileSync, rmSync, statSync, utimesSync, watch, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode } from '../runtime/errors.ts';
import { toDisposable, type Disposable } from '../runtime/lifecycle.ts';
import { exists, identifyProcess, isAlive, type ProcessIdentity } from '../runtime/processIdentity.ts';
import { makePrivateDirectory } from './privateDirectory.ts';

/** Who has a slot. */
interface SlotHolder {
  readonly identity: ProcessIdentity;
  /** A registry on a shared disk: the runs of another machine take none of our slots, nor are they ours to judge. */
  readonly host: string;
}

/** Someone in line for a slot, as the name of its file says. */
interface Waiter {
  readonly name: string;
  readonly pid: number;
  /** The limit that it was told. */
  readonly limit: number;
}

/** Listings within one try to take a slot: time for those who have to give way to do so. */
const maxLooks = 5;
/** How long a living process is taken for the one that has the slot before its identity is looked at again, in milliseconds. */
const trustMs = 30_000;
/** A waiter that did not renew its place in line for this long, in milliseconds, has none any more. */
const staleWaiterMs = 15_000;

/**
 * The slots for running runs of all folders of this user on this machine: one file in the registry's `slots/` for each run that has
 * one, so that they need no process to hand them out. Nobody locks: who wants a slot makes its file first and looks then, and takes
 * the file away again if there are too many. At most `limit` have kept theirs, because the last of them saw the others; of several who
 * meet, all but the one with the smallest name give way at once. Names are never used twice, so a dead one's file can be removed.
 */
export class SlotFiles {
  readonly #directory: string;
  readonly #holders = new Map<string, SlotHolder | null>();
  readonly #trusted = new Map<string, number>();
  readonly #own = new Set<string>();
  #self: SlotHolder | null = null;
  /** The file of our place in line; null while nothing waits here. */
  #place: string | null = null;

  constructor(stateDirectory: string) {
    this.#directory = join(stateDirectory, 'slots');
  }

  /**
   * Takes a slot for a run if fewer than `limit` are taken and nobody else is first in line; about 50 µs.
   * @throws the system error if the directory cannot be written
   */
  take(runId: string, limit: number): boolean {
    const name = nameOf(runId);
    this.#create(name);
    for (let look = 0; look < maxLooks; look += 1) {
      const all = readdirSync(this.#directory);
      if (this.#fits(all, limit, 1)) {
        this.leaveLine();
        return true;
      }
      if (!all.some((other) => isSlot(other) && other > name)) break;
    }
    this.release(runId);
    return false;
  }

  /** Gives the slot of a run back, if it has one. */
  release(runId: string): void {
    const name = nameOf(runId);
    if (this.#own.delete(name)) this.#remove(name);
  }

  /** Whether `take` would succeed now, if nobody came between. */
  hasRoom(limit: number): boolean {
    return this.#fits(readdirSync(this.#directory), limit - 1, 0);
  }

  /** Stands in line behind those who wait already; called again, keeps the place. */
  standInLine(limit: number): void {
    if (this.#place !== null) {
      this.#renew(join(this.#directory, this.#place));
      return;
    }
    this.#place = `${waiterPrefix}${String(Date.now()).padStart(15, '0')}-${String(process.pid)}-${String(limit)}`;
    writeFileSync(join(this.#directory, this.#place), '', { mode: 0o600 });
  }

  leaveLine(): void {
    if (this.#place !== null) this.#remove(this.#place);
    this.#place = null;
  }

  /** Calls `onChange` soon after somebody took or gave back a slot. Events may be missing: look now and then, too. */
  watch(onChange: () => void): Disposable {
    try {
      const watcher = watch(this.#directory, { persistent: false }, onChange);
      watcher.on('error', onChange);
      return toDisposable(() => {
        watcher.close();
      });
    } catch {
      // Out of watches, or a file system without them: looking now and then has to do.
      return toDisposable(() => undefined);
    }
  }

  #create(name: string): void {
    this.#self ??= { identity: identifySelf(), host: hostname() };
    const path = join(this.#directory, name);
    const content = JSON.stringify(this.#self);
    try {
      this.#own.add(name);
      writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      // EEXIST: nobody but us makes this name.
      if (systemErrorCode(error) === 'EEXIST') return;
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      makePrivateDirectory(this.#directory);
      writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    }
  }

  /**
   * Whether what is taken, and what those before us in line may take, is at most `limit`; `ours` of what is taken is our own try.
   * Who is behind the files is looked at only if there are too many.
   */
  #fits(all: readonly string[], limit: number, ours: 0 | 1): boolean {
    if (all.length <= limit) return true;
    const held = this.#countHeld(all);
    return held + this.#countAhead(all, held - ours) <= limit;
  }

  #countHeld(all: readonly string[]): number {
    const names = all.filter(isSlot);
    for (const name of this.#holders.keys()) if (!names.includes(name)) this.#holders.delete(name);
    return names.filter((name) => this.#isHeld(name)).length;
  }

  #isHeld(name: string): boolean {
    if (this.#own.has(name)) return true;
    const known = this.#holders.get(name);
    const holder = known === undefined ? readHolder(join(this.#directory, name)) : known;
    if (holder === undefined) return false;
    if (holder === null) return this.#isBeingMade(name);
    this.#holders.set(name, holder);
    if (holder.host !== hostname()) return false;
    if (this.#isTrusted(holder)) return true;
    this.#remove(name);
    return false;
  }

  /** A file without content belongs to somebody who is about to write it, or who died before. */
  #isBeingMade(name: string): boolean {
    if (this.#ageMs(name) < staleWaiterMs) return true;
    this.#remove(name);
    return false;
  }

  /** As `isAlive`, which may take long on some systems, but asked only now and then of a process that is there. */
  #isTrusted({ identity }: SlotHolder): boolean {
    const key = `${String(identity.pid)} ${identity.startTime} ${identity.bootId}`;
    const seenAt = this.#trusted.get(key);
    if (seenAt !== undefined && performance.now() - seenAt < trustMs) return exists(identity.pid);
    const isSame = isAlive(identity);
    if (isSame) this.#trusted.set(key, performance.now());
    else this.#trusted.delete(key);
    return isSame;
  }

  /** How many stand in line before us and could take a slot, if so many are taken. */
  #countAhead(all: readonly string[], held: number): number {
    const place = this.#place;
    const waiters = all.map(parseWaiter).filter((waiter) => waiter !== null);
    const before = waiters.filter(({ name }) => place === null || name < place);
    return before.filter((waiter) => held < waiter.limit && this.#isWaiting(waiter)).length;
  }

  #isWaiting({ name, pid }: Waiter): boolean {
    const ageMs = this.#ageMs(name);
    if (ageMs < staleWaiterMs) return exists(pid);
    if (ageMs > 4 * staleWaiterMs) this.#remove(name);
    return false;
  }

  #ageMs(name: string): number {
    const found = statSync(join(this.#directory, name), { throwIfNoEntry: false });
    return found === undefined ? Number.POSITIVE_INFINITY : Date.now() - found.mtimeMs;
  }

  #renew(path: string): void {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      // Somebody thought that we were gone, as after a sleep of the machine.
      writeFileSync(path, '', { mode: 0o600 });
    }
  }

  #remove(name: string): void {
    rmSync(join(this.#directory, name), { force: true });
  }
}

const waiterPrefix = 'waits-';

function isSlot(name: string): boolean {
  return !name.startsWith(waiterPrefix);
}

function nameOf(runId: string): string {
  return `${runId}.${String(process.pid)}`;
}

function parseWaiter(name: string): Waiter | null {
  const [, pid, limit] = /^waits-\d+-(\d+)-(\d+)$/.exec(name) ?? [];
  return pid === undefined ? null : { name, pid: Number(pid), limit: Number(limit) };
}

/** Null if the file says nothing yet; undefined if it has gone. */
function readHolder(path: string): SlotHolder | null | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SlotHolder;
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' ? undefined : null;
  }
}

function identifySelf(): ProcessIdentity {
  // Only a system that tells nothing of processes does not know us; then whoever has our process id counts as us.
  return identifyProcess(process.pid) ?? { pid: process.pid, startTime: '', bootId: '' };
}
