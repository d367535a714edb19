import type { ChangeBatch } from '../protocol.ts';

/** How much is kept to mend gaps with; a client that missed more gets a snapshot. */
const maxBatches = 5000;
const maxBytes = 3_500_000;

interface Kept {
  readonly batch: ChangeBatch;
  readonly bytes: number;
}

/** The batches published last, bounded in number and size so that what is missed always fits one answer. */
export class ChangeHistory {
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;
  /** Where a gap can no longer be mended: the sequence of the newest batch that is gone. */
  #lastDropped = -Infinity;

  /** `bytes`: the batch's length when sent; null if it is too long for that, so that no gap over it can be mended. */
  add(batch: ChangeBatch, bytes: number | null): void {
    if (bytes === null) {
      this.#clear(batch.sequence);
      return;
    }
    this.#kept.push({ batch, bytes });
    this.#bytes += bytes;
    while (this.#kept.length - this.#first > maxBatches || this.#bytes > maxBytes) this.#dropOldest();
    this.#compact();
  }

  /** The batches after a sequence, oldest first; null if some of them are no longer kept. */
  since(sequence: number): ChangeBatch[] | null {
    if (sequence < this.#lastDropped) return null;
    const missed: ChangeBatch[] = [];
    for (let index = this.#kept.length - 1; index >= this.#first; index -= 1) {
      const batch = this.#kept[index]?.batch;
      if (batch === undefined || batch.sequence <= sequence) break;
      missed.push(batch);
    }
    missed.reverse();
    const oldest = missed[0];
    return oldest === undefined || oldest.previous <= sequence ? missed : null;
  }

  #clear(lastDropped: number): void {
    this.#kept = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#lastDropped = lastDropped;
  }

  #dropOldest(): void {
    const oldest = this.#kept[this.#first];
    if (oldest === undefined) return;
    this.#first += 1;
    this.#bytes -= oldest.bytes;
    this.#lastDropped = oldest.batch.sequence;
  }

  /** Lets go of what was dropped once that is half of the array, so that dropping costs next to nothing. */
  #compact(): void {
    if (this.#first * 2 <= this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }
}
