import { SlotFiles } from '../endpoint/slotFiles.ts';
import type { Clock } from './clock.ts';
import { toError } from './errors.ts';
import type { Disposable } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { StateWriter } from './store/stateWriter.ts';
import { readSetting, writeSetting } from './store/settingTable.ts';
import type { Store } from './store/store.ts';
import type { SlotPool } from './wakeups/slotPool.ts';

export interface MachineSlotsOptions {
  /** The registry that the runtimes of all folders share. */
  readonly stateDirectory: string;
  readonly store: Store;
  readonly state: StateWriter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** There may be room again. */
  readonly onDidFree: () => void;
}

/** What holds until a client said otherwise. `package.json` repeats it for the settings editor. */
const defaultLimit = 8;
const settingName = 'maxConcurrentRuns';
/** How often to look while something waits, in milliseconds: dead runtimes give nothing back, and events may be missing. */
const lookMs = 5000;

/**
 * This runtime's share in the slots of the machine. Only while something waits for one does it follow what others do.
 * A slot that cannot be noted is given: runs do not stand still because a limit could not be kept.
 */
export class MachineSlots implements SlotPool, Disposable {
  readonly #options: MachineSlotsOptions;
  readonly #files: SlotFiles;
  #limit: number;
  #isFull = false;
  #watch: Disposable | null = null;
  #look: Disposable | null = null;
  #isLookDue = false;
  #isDisposed = false;

  constructor(options: MachineSlotsOptions) {
    this.#options = options;
    this.#files = new SlotFiles(options.stateDirectory);
    this.#limit = Number(readSetting(options.store, settingName) ?? defaultLimit);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Takes the limit of a client, if it is trusted and has an opinion; it holds until another one comes, also after a restart. */
  follow(client: { readonly isTrusted: boolean; readonly maxConcurrentRuns: number | undefined }): void {
    const { isTrusted, maxConcurrentRuns: limit } = client;
    if (this.#isDisposed || !isTrusted || limit === undefined || limit === this.#limit) return;
    this.#options.state.commit((transaction) => {
      writeSetting(transaction, settingName, String(limit));
    });
    this.#limit = limit;
    if (this.#isFull) this.#review();
  }

  take(runId: string): boolean {
    const isTaken = this.#attempt(() => this.#files.take(runId, this.#limit), true);
    this.#isFull = !isTaken;
    if (!isTaken) this.#wait();
    return isTaken;
  }

  release(runId: string): void {
    this.#attempt(() => {
      this.#files.release(runId);
    }, undefined);
    this.#isFull = false;
  }

  rest(): void {
    this.#isFull = false;
    if (this.#look === null) return;
    this.#watch?.dispose();
    this.#look.dispose();
    this.#watch = this.#look = null;
    this.#attempt(() => {
      this.#files.leaveLine();
    }, undefined);
  }

  /** Waits for nothing and follows nobody any more; slots that runs have are still given back. */
  dispose(): void {
    this.#isDisposed = true;
    this.rest();
  }

  #wait(): void {
    this.#standInLine();
    this.#watch ??= this.#files.watch(() => {
      this.#lookSoon();
    });
    this.#look ??= this.#lookLater();
  }

  #lookLater(): Disposable {
    return this.#options.clock.setTimeout(() => {
      this.#look = this.#lookLater();
      this.#standInLine();
      this.#review();
    }, lookMs);
  }

  /** One look for all events of a moment. */
  #lookSoon(): void {
    if (this.#isLookDue) return;
    this.#isLookDue = true;
    setImmediate(() => {
      this.#isLookDue = false;
      this.#review();
    });
  }

  #review(): void {
    if (!this.#isFull || !this.#attempt(() => this.#files.hasRoom(this.#limit), true)) return;
    this.#isFull = false;
    this.#options.onDidFree();
  }

  #standInLine(): void {
    this.#attempt(() => {
      this.#files.standInLine(this.#limit);
    }, undefined);
  }

  #attempt<T>(action: () => T, otherwise: T): T {
    try {
      return action();
    } catch (error) {
      this.#options.logger.warn('The slots of this machine cannot be counted', toError(error).message);
      return otherwise;
    }
  }
}
