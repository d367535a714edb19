import type { RetentionLimits } from '../model.ts';
import { isSameLimits, readLimits, withDefaults, writeLimits, type GivenLimits } from './limits.ts';
import { Pruner, type PrunerOptions } from './pruner.ts';

/** What is kept of the history, and for how long: the limits in force, and the pruner that follows them. */
export class Retention {
  readonly #options: Omit<PrunerOptions, 'limits'>;
  readonly #pruner: Pruner;
  #limits: RetentionLimits;
  #isStopped = false;

  constructor(options: Omit<PrunerOptions, 'limits'>) {
    this.#options = options;
    this.#limits = readLimits(options.store);
    this.#pruner = new Pruner({ ...options, limits: () => this.#limits });
  }

  get limits(): RetentionLimits {
    return this.#limits;
  }

  /** Takes the limits of a client, if it is trusted and has an opinion; they hold until another one comes, also after a restart. */
  follow(client: { readonly isTrusted: boolean; readonly retention: GivenLimits | undefined }): void {
    const { isTrusted, retention } = client;
    if (this.#isStopped || !isTrusted || retention === undefined) return;
    const limits = withDefaults(retention);
    if (isSameLimits(limits, this.#limits)) return;
    this.#options.state.commit((transaction) => {
      writeLimits(transaction, retention);
    });
    this.#limits = limits;
  }

  start(): void {
    this.#pruner.start();
  }

  /** Follows nobody any more and removes nothing more; resolves when the slice under way has ended. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#pruner.stop();
  }
}
