import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import { DisposableStore, toDisposable, type Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { isGitBusy } from './gitLock.ts';
import { configurationPath } from './load.ts';

/** Quiet time after the last event; editors and git write in several steps. */
const settleMs = 2_000;
const gitRetryMs = 500;
/** A lock held longer than this was left by a git that died. */
const gitPatienceMs = 5 * 60_000;
/** Network file systems send no events; so the file is also looked at this often. */
const pollMs = 30_000;

export interface ConfigurationWatcherOptions {
  /** Absolute path of the folder whose `.reveille/` is watched; that need not exist. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Notices changes of the configuration file, its appearance and its disappearance, and waits until they are complete: until
 * nothing happened for 2 s and git is not at work.
 */
export class ConfigurationWatcher implements Disposable {
  readonly #folder: string;
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #didSettleEmitter: Emitter<void>;
  readonly #owned = new DisposableStore();
  #hasStarted = false;
  #folderWatch: Disposable | null = null;
  #directoryWatch: Disposable | null = null;
  /** Which directory the watch is on: a checkout may have put another one in its place. */
  #watchedDirectory = '';
  #signature = '';
  #settleTimer: Disposable | null = null;
  #pollTimer: Disposable | null = null;

  constructor({ folder, clock, log }: ConfigurationWatcherOptions) {
    this.#folder = folder;
    this.#file = configurationPath(folder);
    this.#clock = clock;
    this.#log = log;
    this.#didSettleEmitter = this.#owned.add(
      new Emitter<void>((error) => {
        log.error('A listener of the configuration watcher failed', error);
      }),
    );
  }

  /** Fires when the file may have changed and its change is complete. */
  get onDidSettle(): Event<void> {
    return this.#didSettleEmitter.event;
  }

  /** Begins to watch; changes after it has resolved are noticed. */
  async start(): Promise<void> {
    if (this.#hasStarted || this.#owned.isDisposed) return;
    this.#hasStarted = true;
    await this.#rewatch();
    this.#signature = await this.#readSignature();
    this.#schedulePoll();
  }

  dispose(): void {
    for (const held of [this.#settleTimer, this.#pollTimer, this.#folderWatch, this.#directoryWatch]) held?.dispose();
    this.#owned.dispose();
  }

  #schedulePoll(): void {
    if (this.#owned.isDisposed) return;
    this.#pollTimer = this.#clock.setTimeout(() => void this.#poll(), pollMs);
  }

  async #poll(): Promise<void> {
    await this.#rewatch();
    const signature = await this.#readSignature();
    if (signature !== this.#signature) this.#noteChange();
    this.#signature = signature;
    this.#schedulePoll();
  }

  #noteChange(): void {
    if (this.#owned.isDisposed) return;
    this.#settleTimer?.dispose();
    const giveUpAt = this.#clock.monotonic() + settleMs + gitPatienceMs;
    this.#settleTimer = this.#clock.setTimeout(() => void this.#settle(giveUpAt), settleMs);
  }

  async #settle(giveUpAt: number): Promise<void> {
    const timer = this.#settleTimer;
    const isBusy = await isGitBusy(this.#folder);
    const signature = await this.#readSignature();
    // An event that came meanwhile has started a wait of its own.
    if (this.#owned.isDisposed || this.#settleTimer !== timer) return;
    if (isBusy && this.#clock.monotonic() < giveUpAt) {
      this.#settleTimer = this.#clock.setTimeout(() => void this.#settle(giveUpAt), gitRetryMs);
      return;
    }
    if (isBusy) this.#log.warn('git has held its index lock for minutes; reading the configuration nevertheless');
    this.#settleTimer = null;
    this.#signature = signature;
    this.#didSettleEmitter.fire();
  }

  /** Watches what there is: the folder for `.reveille` to come and go, and `.reveille` itself. */
  async #rewatch(): Promise<void> {
    const directory = path.dirname(this.#file);
    const identity = await readIdentity(directory);
    if (this.#owned.isDisposed) return;
    this.#folderWatch ??= this.#watch(this.#folder, (name) => {
      if (name === null || name === path.basename(directory)) void this.#followDirectory();
    });
    if (identity === this.#watchedDirectory && this.#directoryWatch !== null) return;
    this.#directoryWatch?.dispose();
    this.#watchedDirectory = identity;
    this.#directoryWatch =
      identity === ''
        ? null
        : this.#watch(directory, (name) => {
            if (name === null || name === path.basename(this.#file)) this.#noteChange();
            else void this.#rewatch();
          });
  }

  /** `.reveille` came, went or was replaced; what happened in it before it was watched has sent no event. */
  async #followDirectory(): Promise<void> {
    this.#noteChange();
    await this.#rewatch();
    this.#noteChange();
  }

  #watch(directory: string, onChange: (name: string | null) => void): Disposable | null {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        onChange(name);
      });
      const watching = toDisposable(() => {
        watcher.close();
      });
      watcher.on('error', (error) => {
        this.#log.debug('A file watch ended; the file is looked at from time to time', { reason: error.message });
        watching.dispose();
        if (this.#folderWatch === watching) this.#folderWatch = null;
        if (this.#directoryWatch === watching) this.#directoryWatch = null;
      });
      return watching;
    } catch (error) {
      this.#log.debug('Watching files is not possible here', { reason: toError(error).message });
      return null;
    }
  }

  async #readSignature(): Promise<string> {
    return readIdentity(this.#file);
  }
}

/** Changes whenever the thing at `file` is replaced, and for a file also when it is written; empty if there is nothing. */
async function readIdentity(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => null);
  if (found === null) return '';
  const place = `${String(found.dev)}:${String(found.ino)}`;
  return found.isDirectory() ? place : `${place}:${String(found.mtimeNs)}:${String(found.size)}`;
}
