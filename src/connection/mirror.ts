import type { ChangeBatch, Snapshot } from '../protocol.ts';
import type { RuntimeClient } from './client.ts';
import { applyBatch, fit, fromSnapshot, type FolderState } from './folderState.ts';

type Arrival = { readonly batch: ChangeBatch } | { readonly snapshot: Snapshot };

/**
 * Keeps the last known state of a runtime, across connections. What arrives while it asks for what it missed waits until
 * the answer is there, so every change is applied once and in order.
 */
export class Mirror {
  readonly #onDidChange: () => void;
  #state: FolderState | null = null;
  /** Whose numbering `#state.sequence` belongs to. */
  #instance: string | null = null;
  #client: RuntimeClient | null = null;
  /** Null unless an answer is awaited. */
  #waiting: Arrival[] | null = null;

  /** `onDidChange` is called after `state` has changed. */
  constructor(onDidChange: () => void) {
    this.#onDidChange = onDidChange;
  }

  get state(): FolderState | null {
    return this.#state;
  }

  /**
   * Follows a newly attached client from now on; resolves once the state is the runtime's.
   * @throws UserError as its requests do.
   */
  async follow(client: RuntimeClient, instance: string): Promise<void> {
    this.#client = client;
    client.onDidChange((batch) => {
      this.#receive(client, { batch });
    });
    client.onDidResnapshot((snapshot) => {
      this.#receive(client, { snapshot });
    });
    await this.#synchronize(client, instance);
  }

  async #synchronize(client: RuntimeClient, instance: string): Promise<void> {
    this.#waiting = [];
    const isKnown = instance === this.#instance && this.#state !== null;
    const sequence = isKnown ? (this.#state?.sequence ?? null) : null;
    const answer = await client.request('synchronize', { instance: isKnown ? instance : null, sequence });
    if (client !== this.#client) return;
    const arrivals: Arrival[] =
      answer.kind === 'snapshot' ? [{ snapshot: answer.snapshot }] : answer.batches.map((batch) => ({ batch }));
    const all = [...arrivals, ...this.#waiting];
    this.#waiting = null;
    // A new instance numbers anew: its snapshot counts even where its number is lower.
    if (!isKnown) this.#state = null;
    this.#instance = instance;
    // The answer to a further question covers whatever came before it.
    if (!all.every((arrival) => this.#apply(arrival))) return this.#synchronize(client, instance);
    this.#onDidChange();
  }

  #receive(client: RuntimeClient, arrival: Arrival): void {
    if (client !== this.#client) return;
    if (this.#waiting !== null) {
      this.#waiting.push(arrival);
      return;
    }
    if (this.#apply(arrival)) this.#onDidChange();
    else this.#mend(client);
  }

  #mend(client: RuntimeClient): void {
    if (this.#instance === null) return;
    this.#synchronize(client, this.#instance).catch(() => {
      // Without an answer this connection cannot show the truth; a new one will.
      client.dispose();
    });
  }

  /** False if something before it is missing. */
  #apply(arrival: Arrival): boolean {
    if ('snapshot' in arrival) {
      if (this.#state === null || arrival.snapshot.sequence >= this.#state.sequence) {
        this.#state = fromSnapshot(arrival.snapshot);
      }
      return true;
    }
    if (this.#state === null) return false;
    const fitting = fit(this.#state, arrival.batch);
    if (fitting === 'next') this.#state = applyBatch(this.#state, arrival.batch);
    return fitting !== 'gap';
  }
}
