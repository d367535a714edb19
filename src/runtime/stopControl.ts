import type { StopFlag } from '../endpoint/stopFlag.ts';
import type { Clock } from './clock.ts';
import type { Actor } from './governance/audit.ts';
import type { Disposable } from './lifecycle.ts';

/** Who pressed the button, and what they said. */
export interface Asker {
  readonly actor: Actor;
  readonly reason: string;
}

/** Follows the user's Stop Everything in this runtime, whoever pressed it and in whichever folder. */
export class StopControl implements Disposable {
  readonly #flag: StopFlag;
  readonly #clock: Clock;
  readonly #onDidChange: (isStopped: boolean, by: Asker | null) => Promise<void>;
  readonly #watch: Disposable;
  #wasStopped: boolean;

  /**
   * `onDidChange` is called once for each change, with who asked for it if it was asked for here; what it does is done when `stop` and
   * `release` resolve.
   */
  constructor(options: {
    readonly flag: StopFlag;
    readonly clock: Clock;
    readonly onDidChange: (isStopped: boolean, by: Asker | null) => Promise<void>;
  }) {
    this.#flag = options.flag;
    this.#clock = options.clock;
    this.#onDidChange = options.onDidChange;
    this.#wasStopped = this.#flag.isSet;
    this.#watch = this.#flag.watch(() => void this.check());
  }

  /** Looked up each time: an event may be late. */
  get isStopped(): boolean {
    return this.#flag.isSet;
  }

  async stop(by: Asker): Promise<void> {
    this.#flag.set(by.reason, this.#clock.now());
    await this.#check(by);
  }

  async release(by: Asker): Promise<void> {
    this.#flag.release();
    await this.#check(by);
  }

  /** Follows a change of which no event came. */
  check(): Promise<void> {
    return this.#check(null);
  }

  dispose(): void {
    this.#watch.dispose();
  }

  async #check(by: Asker | null): Promise<void> {
    const { isStopped } = this;
    if (isStopped === this.#wasStopped) return;
    this.#wasStopped = isStopped;
    await this.#onDidChange(isStopped, by);
  }
}
