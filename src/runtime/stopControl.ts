import type { StopFlag } from '../endpoint/stopFlag.ts';
import type { Clock } from './clock.ts';
import type { Disposable } from './lifecycle.ts';

/** Follows the user's Stop Everything in this runtime, whoever pressed it and in whichever folder. */
export class StopControl implements Disposable {
  readonly #flag: StopFlag;
  readonly #clock: Clock;
  readonly #onDidChange: (isStopped: boolean) => Promise<void>;
  readonly #watch: Disposable;
  #wasStopped: boolean;

  /** `onDidChange` is called once for each change; what it does is done when `stop` and `release` resolve. */
  constructor(options: {
    readonly flag: StopFlag;
    readonly clock: Clock;
    readonly onDidChange: (isStopped: boolean) => Promise<void>;
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

  async stop(reason: string): Promise<void> {
    this.#flag.set(reason, this.#clock.now());
    await this.check();
  }

  async release(): Promise<void> {
    this.#flag.release();
    await this.check();
  }

  /** Follows a change of which no event came. */
  async check(): Promise<void> {
    const { isStopped } = this;
    if (isStopped === this.#wasStopped) return;
    this.#wasStopped = isStopped;
    await this.#onDidChange(isStopped);
  }

  dispose(): void {
    this.#watch.dispose();
  }
}
