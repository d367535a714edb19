import { existsSync, readFileSync, rmSync, unwatchFile, watch, watchFile, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toDisposable, type Disposable } from '../runtime/lifecycle.ts';
import { makePrivateDirectory } from './privateDirectory.ts';

const fileName = 'stopped.json';
const lookMs = 1000;

/**
 * Stop Everything, as all runtimes of a user see it: a file in the registry. While it exists nothing starts in any folder,
 * whether or not its runtime was running when the button was pressed, and across restarts of the machine.
 */
export class StopFlag {
  readonly #directory: string;
  readonly #path: string;

  constructor(stateDirectory: string) {
    this.#directory = stateDirectory;
    this.#path = join(stateDirectory, fileName);
    makePrivateDirectory(stateDirectory);
  }

  get isSet(): boolean {
    return existsSync(this.#path);
  }

  /** Why it was set; empty if nothing was said. */
  get reason(): string {
    try {
      const value: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return typeof value === 'object' && value !== null && 'reason' in value ? String(value.reason) : '';
    } catch {
      // A flag that cannot be read still stops everything; only its reason is unknown.
      return '';
    }
  }

  set(reason: string, at: number): void {
    writeFileSync(this.#path, JSON.stringify({ reason, at }), { mode: 0o600 });
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }

  /**
   * Calls `onChange` soon after anything changed the flag. Events may be missing on network disks: look at `isSet` too. Where
   * the system has no watch to give, as when the user's are used up, the flag is looked at every second.
   */
  watch(onChange: () => void): Disposable {
    try {
      const watcher = watch(this.#directory, { persistent: false }, (_event, name) => {
        if (name === null || name === fileName) onChange();
      });
      watcher.on('error', onChange);
      return toDisposable(() => {
        watcher.close();
      });
    } catch {
      // Out of watches, or a file system without them.
      watchFile(this.#path, { persistent: false, interval: lookMs }, onChange);
      return toDisposable(() => {
        unwatchFile(this.#path, onChange);
      });
    }
  }
}
