import * as path from 'node:path';
import type { Disk, DiskFile } from '../../src/runtime/store/disk.ts';
import { UnsyncedContent, type Loss } from './unsyncedContent.ts';
import { UnsyncedEntries } from './unsyncedEntries.ts';

/** From the chosen operation on, the process does nothing any more: as if it had been killed there. */
export class WorldStopped extends Error {
  override readonly name = 'WorldStopped';
}

/** Operations that fail with a system error, from the `at`-th on; what they did until then stays. */
export interface Fault {
  readonly at: number;
  readonly code: string;
  /** How many fail; default: one. */
  readonly times?: number;
  /** Which ones, by name and path; default: all that change something. */
  readonly hits?: (operation: string) => boolean;
}

/**
 * A disk in memory that loses what was not flushed. Asynchronous operations take a few turns of the event loop, drawn from
 * `random`, so that a seed decides in which order everything happens. Each call, and each end of an asynchronous one, is an
 * operation that can be made the last one, or made to fail.
 *
 * It is stricter than file systems are: unflushed changes of a directory survive in any choice, not only the oldest. A
 * rename is atomic; one between directories is safe only once both were flushed.
 */
export class UnsyncedDisk implements Disk {
  /** How many there were. */
  operations = 0;
  /** Name and path of the newest operation. */
  lastOperation = '';
  /** Files that were created and not closed. */
  openFiles = 0;
  #entries = new UnsyncedEntries();
  readonly #directory: string;
  readonly #random: () => number;
  #lastAllowed = Infinity;
  #fault: Fault | null = null;
  #faultsLeft = 0;

  /** @param directory absolute; exists, durably */
  constructor(directory: string, random: () => number = () => 0.5) {
    this.#directory = directory;
    this.#random = random;
    this.makeDirectory(directory);
    for (let place = directory; place !== path.dirname(place); place = path.dirname(place)) {
      this.#entries.flush(this.#entries.mark(path.dirname(place)));
    }
    this.operations = 0;
  }

  /** Lets `count` operations happen from now on, and then no more. */
  stopAfter(count: number): void {
    this.#lastAllowed = this.operations + count;
  }

  get isStopped(): boolean {
    return this.operations > this.#lastAllowed;
  }

  failAt(fault: Fault | null): void {
    this.#fault = fault;
    this.#faultsLeft = fault?.times ?? 1;
  }

  /** As it is found after the process was killed: everything it did is seen, flushed or not. This disk is not touched. */
  afterKill(random = this.#random): UnsyncedDisk {
    return this.#with(this.#entries.copy(), random);
  }

  /** As it is found after a power loss. This disk is not touched. */
  afterPowerLoss(loss: Loss): UnsyncedDisk {
    return this.#with(this.#entries.afterPowerLoss(loss), loss.random);
  }

  /** All files by path, as programs see them. */
  files(): Map<string, Buffer> {
    return new Map(this.#entries.files().map(([place, content]) => [place, content.read()]));
  }

  /** Replaces the content of a file, or makes one, behind the back of the program and durably. */
  put(file: string, bytes: Buffer): void {
    const change = { place: file, entry: new UnsyncedContent(bytes) };
    this.#entries.act([change]);
    this.#entries.flush(new Set([change]));
  }

  list(directory: string): string[] {
    this.#step('list', directory);
    this.#assertDirectory(directory);
    return this.#entries.list(directory);
  }

  read(file: string): Buffer {
    this.#step('read', file);
    return this.#file(file).read();
  }

  create(file: string): DiskFile {
    this.#step('create', file);
    this.#assertDirectory(path.dirname(file));
    if (this.#entries.get(file)) throw systemError('EEXIST', file);
    const content = new UnsyncedContent();
    this.#entries.act([{ place: file, entry: content }]);
    return this.#open(file, content);
  }

  syncFile(file: string): void {
    this.#step('syncFile', file);
    this.#file(file).rewrite();
  }

  link(from: string, to: string): void {
    this.#step('link', to);
    this.#assertDirectory(path.dirname(to));
    this.#entries.act([{ place: to, entry: this.#file(from) }]);
  }

  rename(from: string, to: string): void {
    this.#step('rename', to);
    this.#assertDirectory(path.dirname(to));
    this.#entries.act([
      { place: from, entry: null },
      { place: to, entry: this.#file(from) },
    ]);
  }

  remove(file: string): void {
    this.#step('remove', file);
    if (this.#entries.get(file)) this.#entries.act([{ place: file, entry: null }]);
  }

  makeDirectory(directory: string): void {
    this.#step('makeDirectory', directory);
    const missing: string[] = [];
    for (let place = directory; !this.#entries.get(place); place = path.dirname(place)) missing.unshift(place);
    for (const place of missing) this.#entries.act([{ place, entry: 'directory' }]);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#step('syncDirectory', directory);
    this.#assertDirectory(directory);
    const marked = this.#entries.mark(directory);
    await this.#turns();
    this.#step('syncDirectory (end)', directory);
    this.#entries.flush(marked);
  }

  #with(entries: UnsyncedEntries, random: () => number): UnsyncedDisk {
    const disk = new UnsyncedDisk(this.#directory, random);
    disk.#entries = entries;
    return disk;
  }

  #open(file: string, content: UnsyncedContent): DiskFile {
    this.openFiles += 1;
    const write = (operation: string, bytes: Uint8Array, at: number): void => {
      this.#step(operation, file, () => {
        content.write(bytes.subarray(0, Math.floor(bytes.length * this.#random())), at);
      });
      content.write(bytes, at);
    };
    const flush = (operation: string, mark: number): void => {
      this.#step(operation, file, () => {
        if (!this.isStopped) content.failToFlush(mark);
      });
      content.flush(mark);
    };
    return {
      write: (bytes, at) => {
        write('write', bytes, at);
      },
      writeLater: async (bytes, at) => {
        this.#step('writeLater', file);
        await this.#turns();
        write('writeLater (end)', bytes, at);
      },
      sync: async () => {
        this.#step('sync', file);
        const mark = content.mark();
        await this.#turns();
        flush('sync (end)', mark);
      },
      syncNow: () => {
        flush('syncNow', content.mark());
      },
      readLater: async (bytes, at) => {
        this.#step('readLater', file);
        await this.#turns();
        return content.read().copy(bytes, 0, at);
      },
      truncate: (length) => {
        this.#step('truncate', file);
        content.truncate(length);
      },
      close: () => {
        this.openFiles -= 1;
      },
    };
  }

  /** Counts an operation. `doPart` is what happens of it when it is the one that is stopped or fails. */
  #step(operation: string, place: string, doPart: () => void = () => undefined): void {
    const wasStopped = this.isStopped;
    this.operations += 1;
    if (this.isStopped) {
      if (!wasStopped) doPart();
      throw new WorldStopped(`stopped after ${this.lastOperation}`);
    }
    this.lastOperation = `${operation} ${place}`;
    if (!this.#isFaulty(operation)) return;
    this.#faultsLeft -= 1;
    doPart();
    throw systemError(this.#fault?.code ?? '', this.lastOperation);
  }

  #isFaulty(operation: string): boolean {
    if (!this.#fault || this.#faultsLeft === 0 || this.operations < this.#fault.at) return false;
    return operation !== 'list' && operation !== 'read' && (this.#fault.hits?.(this.lastOperation) ?? true);
  }

  async #turns(): Promise<void> {
    const most = chooseTurns(this.#random());
    for (let left = Math.floor(this.#random() * most); left >= 0; left -= 1) await Promise.resolve();
  }

  #assertDirectory(place: string): void {
    if (this.#entries.get(place) !== 'directory') throw systemError('ENOENT', place);
  }

  #file(place: string): UnsyncedContent {
    const entry = this.#entries.get(place);
    if (entry instanceof UnsyncedContent) return entry;
    throw systemError('ENOENT', place);
  }
}

/** Mostly quick; now and then so slow that much else happens meanwhile. */
function chooseTurns(chance: number): number {
  if (chance < 0.05) return 1000;
  return chance < 0.2 ? 80 : 6;
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
