/** Something that waits for a time; the queue owns `queueIndex`. */
export interface Queued {
  /** Epoch ms. Change it only while the item is not in the queue. */
  queuedFor: number;
  /** Its place in the queue; -1 outside of it. */
  queueIndex: number;
}

/** A binary heap by time in which each item knows its place, so that adding and removing cost O(log n). */
export class DueQueue<T extends Queued> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The item that is due first. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  add(item: T): void {
    this.#place(item, this.#heap.length);
    this.#rise(item);
  }

  /** Does nothing for an item that is not in the queue. */
  remove(item: T): void {
    const index = item.queueIndex;
    if (index < 0) return;
    const last = this.#heap.pop();
    item.queueIndex = -1;
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #place(item: T, index: number): void {
    this.#heap[index] = item;
    item.queueIndex = index;
  }

  #rise(item: T): void {
    while (item.queueIndex > 0) {
      const parent = this.#heap[(item.queueIndex - 1) >> 1];
      if (parent === undefined || parent.queuedFor <= item.queuedFor) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#heap[2 * item.queueIndex + 1];
      const right = this.#heap[2 * item.queueIndex + 2];
      const child = right !== undefined && left !== undefined && right.queuedFor < left.queuedFor ? right : left;
      if (child === undefined || child.queuedFor >= item.queuedFor) return;
      this.#swap(item, child);
    }
  }

  #swap(a: T, b: T): void {
    const index = a.queueIndex;
    this.#place(a, b.queueIndex);
    this.#place(b, index);
  }
}
