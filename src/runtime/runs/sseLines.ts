import type { OutputStage } from './outputStage.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
const field = Buffer.from('data:');
const space = 0x20;

/**
 * Turns server-sent events (WHATWG HTML, 9.2) into the lines of their data; comments, names and ids of events are left out. Holds
 * the beginning of one line at most.
 */
export class SseLines implements OutputStage {
  /** How much of `data:` the present line has shown so far. */
  #matched = 0;
  #state: 'name' | 'space' | 'data' | 'other' = 'name';
  #endedByReturn = false;

  push(chunk: Buffer): Buffer {
    const out = Buffer.allocUnsafe(chunk.length);
    let length = 0;
    for (const byte of chunk) {
      const isPair = byte === newline && this.#endedByReturn;
      this.#endedByReturn = byte === carriageReturn;
      if (isPair) continue;
      if (byte === newline || byte === carriageReturn) {
        if (this.#isData) out[length++] = newline;
        this.#state = 'name';
        this.#matched = 0;
      } else if (this.#accepts(byte)) {
        out[length++] = byte;
      }
    }
    return out.subarray(0, length);
  }

  end(): Buffer {
    const isOpen = this.#isData;
    this.#state = 'name';
    this.#matched = 0;
    return isOpen ? Buffer.from('\n') : Buffer.alloc(0);
  }

  get #isData(): boolean {
    return this.#state === 'data' || this.#state === 'space';
  }

  /** Whether a byte within a line belongs to its data. */
  #accepts(byte: number): boolean {
    if (this.#state === 'name') {
      if (byte !== field[this.#matched]) this.#state = 'other';
      else if (++this.#matched === field.length) this.#state = 'space';
      return false;
    }
    if (this.#state === 'other') return false;
    const isFirstSpace = this.#state === 'space' && byte === space;
    this.#state = 'data';
    return !isFirstSpace;
  }
}
