import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  epochOf,
  formatOwner,
  highestEpoch,
  inspectOwner,
  ownerFileName,
  ownersDirectory,
  type OwnerRecord,
} from '../../endpoint/ownerRecord.ts';
import { systemErrorCode, UserError } from '../errors.ts';
import { toDisposable, type Disposable } from '../lifecycle.ts';
import { isAlive } from '../processIdentity.ts';

/** An owner lives, or won the race: whoever wanted to start should join it. */
export class LiveOwnerError extends UserError {
  constructor(message: string) {
    super('owned_elsewhere', message);
  }
}

/** What an owner says of itself when it takes a store. */
export type OwnerClaim = Pick<OwnerRecord, 'identity' | 'host' | 'build' | 'protocol' | 'startedAt'>;

/**
 * The right to run a store: lease, scheduler and socket in one. Whoever creates the record with the highest epoch owns it.
 *
 * Taking over is safe even when the old owner's death was misjudged: the newcomer creates its epoch before it reads the
 * journals, and an owner looks for a higher epoch after each flush, before it acknowledges anything.
 */
export class Owner {
  readonly #directory: string;
  #record: OwnerRecord;
  #released = false;

  private constructor(directory: string, record: OwnerRecord) {
    this.#directory = directory;
    this.#record = record;
  }

  /**
   * Takes the store of a dead, released or absent owner.
   * @throws LiveOwnerError; UserError of kind `owned_elsewhere` if the owner is on another machine
   */
  static acquire(store: string, claim: OwnerClaim): Owner {
    const directory = ownersDirectory(store);
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const reading = inspectOwner(store);
    if (reading.kind === 'record') assertCanBeTaken(reading.record, claim.host);
    const previous = reading.kind === 'none' ? 0 : reading.kind === 'record' ? reading.record.epoch : reading.epoch;
    const record: OwnerRecord = { ...claim, epoch: previous + 1, endpoint: null, token: null, released: false };
    createExclusively(path.join(directory, ownerFileName(record.epoch)), formatOwner(record));
    const owner = new Owner(directory, record);
    if (owner.isFenced()) throw lostRace();
    if (reading.kind === 'record') removeEndpoint(reading.record);
    owner.#dropOlder();
    return owner;
  }

  get epoch(): number {
    return this.#record.epoch;
  }

  /** True once somebody created a higher epoch: nothing may be acknowledged any more. About 7 µs. */
  isFenced(): boolean {
    return highestEpoch(fs.readdirSync(this.#directory)) > this.#record.epoch;
  }

  /** Calls `onDidFence` when a higher epoch appears. Events may be missing on network disks: each flush looks anyway. */
  watch(onDidFence: () => void): Disposable {
    try {
      const watcher = fs.watch(this.#directory, { persistent: false }, () => {
        if (this.isFenced()) onDidFence();
      });
      watcher.on('error', () => undefined);
      return toDisposable(() => {
        watcher.close();
      });
    } catch {
      // The user's watches are used up: the next flush finds it out.
      return toDisposable(() => undefined);
    }
  }

  /** Tells clients where to connect and what to prove. */
  announce(where: { readonly endpoint: string; readonly token: string }): void {
    this.#rewrite({ ...this.#record, ...where });
  }

  /** Leaves the store in order; a later owner need not wonder. Does nothing when called again or when fenced. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#rewrite({ ...this.#record, endpoint: null, token: null, released: true });
  }

  #rewrite(record: OwnerRecord): void {
    if (this.isFenced()) return;
    this.#record = record;
    const file = path.join(this.#directory, ownerFileName(record.epoch));
    const temporary = `${file}.${String(process.pid)}.tmp`;
    fs.writeFileSync(temporary, formatOwner(record), { mode: 0o600 });
    fs.renameSync(temporary, file);
  }

  #dropOlder(): void {
    for (const name of fs.readdirSync(this.#directory)) {
      const epoch = epochOf(name);
      if (epoch !== null && epoch < this.#record.epoch) fs.rmSync(path.join(this.#directory, name), { force: true });
    }
  }
}

function assertCanBeTaken(record: OwnerRecord, host: string): void {
  if (record.released) return;
  if (record.host !== host) {
    throw new UserError(
      'owned_elsewhere',
      `This folder's agents are run by Reveille on ${record.host}. Stop it there first, or close the folder on that machine.`,
    );
  }
  if (isAlive(record.identity)) {
    throw new LiveOwnerError(`Reveille already runs for this folder (process ${String(record.identity.pid)}).`);
  }
}

/** Creates a file with its whole content at once, or fails if it exists; without hard links, it may briefly be empty. */
function createExclusively(file: string, content: string): void {
  const temporary = `${file}.${String(process.pid)}.new`;
  try {
    fs.writeFileSync(temporary, content, { mode: 0o600 });
    linkOrWrite(temporary, file, content);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') throw lostRace();
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

function linkOrWrite(temporary: string, file: string, content: string): void {
  try {
    fs.linkSync(temporary, file);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') throw error;
    fs.writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
  }
}

function lostRace(): LiveOwnerError {
  return new LiveOwnerError('Another Reveille runtime took this folder at the same moment.');
}

/** A killed owner leaves its socket directory behind. */
function removeEndpoint(record: OwnerRecord): void {
  if (record.endpoint === null || process.platform === 'win32') return;
  const directory = path.dirname(record.endpoint);
  if (!path.basename(directory).startsWith('reveille-')) return;
  fs.rmSync(record.endpoint, { force: true });
  try {
    fs.rmdirSync(directory);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ENOTEMPTY') throw error;
  }
}
