/** The last bytes of a stream: a ring of fixed size, so that a flood costs one bounded copy per chunk. */
export class ByteTail {
  readonly #ring: Buffer;
  #total = 0;

  constructor(capacity: number) {
    this.#ring = Buffer.allocUnsafe(capacity);
  }

  /** Bytes that were pushed and are no longer held. */
  get dropped(): number {
    return Math.max(0, this.#total - this.#ring.length);
  }

  push(chunk: Uint8Array): void {
    const capacity = this.#ring.length;
    const kept = chunk.length > capacity ? chunk.subarray(chunk.length - capacity) : chunk;
    const start = (this.#total + chunk.length - kept.length) % capacity;
    const untilEnd = Math.min(kept.length, capacity - start);
    this.#ring.set(kept.subarray(0, untilEnd), start);
    this.#ring.set(kept.subarray(untilEnd), 0);
    this.#total += chunk.length;
  }

  /** A copy of the held bytes, oldest first. */
  read(): Buffer {
    const capacity = this.#ring.length;
    if (this.#total <= capacity) return Buffer.from(this.#ring.subarray(0, this.#total));
    const start = this.#total % capacity;
    return Buffer.concat([this.#ring.subarray(start), this.#ring.subarray(0, start)]);
  }
}
