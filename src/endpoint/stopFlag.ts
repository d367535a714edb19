import { existsSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../runtime/lifecycle.ts';
import { makePrivateDirectory } from './privateDirectory.ts';

const fileName = 'stopped.json';

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

  /** Calls `onChange` soon after anything changed the flag. Events may be missing on network disks: look at `isSet` too. */
  watch(onChange: () => void): Disposable {
    const watcher = watch(this.#directory, (_event, name) => {
      if (name === null || name === fileName) onChange();
    });
    watcher.on('error', onChange);
    watcher.unref();
    return {
      dispose: () => {
        watcher.close();
      },
    };
  }
}
