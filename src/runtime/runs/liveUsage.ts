import type { Clock } from '../clock.ts';
import type { Ledger } from '../governance/ledger.ts';
import type { Disposable } from '../lifecycle.ts';
import type { RunUsage } from '../model.ts';

export interface LiveUsageOptions {
  readonly clock: Clock;
  /** What a ledger comes to so far; null if nothing was used. */
  readonly charge: (ledger: Ledger) => Promise<RunUsage | null>;
  readonly tell: (usage: RunUsage) => void;
}

/** Shortest time between two reckonings, in milliseconds: programs tell what they use with each word. */
const reckonEveryMs = 1000;

/** What a run has used until now, for those who watch it. What it is charged is reckoned at its end, from the whole of its ledger. */
export class LiveUsage implements Disposable {
  readonly #options: LiveUsageOptions;
  #ledger: Ledger | null = null;
  #pause: Disposable | null = null;
  #isDisposed = false;

  constructor(options: LiveUsageOptions) {
    this.#options = options;
  }

  /** Takes the ledger as it stands now. */
  hear(ledger: Ledger): void {
    this.#ledger = ledger;
    if (this.#pause === null && !this.#isDisposed) this.#reckon();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#pause?.dispose();
  }

  #reckon(): void {
    const { clock, charge, tell } = this.#options;
    const ledger = this.#ledger;
    this.#ledger = null;
    this.#pause = clock.setTimeout(() => {
      this.#pause = null;
      if (this.#ledger !== null) this.#reckon();
    }, reckonEveryMs);
    if (ledger === null) return;
    void charge(ledger).then(
      (usage) => {
        if (usage !== null && !this.#isDisposed) tell(usage);
      },
      // It is reckoned again at the end, where a failure is told.
      () => undefined,
    );
  }
}
