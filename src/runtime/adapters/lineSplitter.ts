import { isTooDeep } from './jsonDepth.ts';

const newline = 0x0a;
const smallestBuffer = 4096;

/** Called with a line without its end, which is valid during the call only; null for one that was too long, or too deep. */
type OnLine = (line: Uint8Array | null) => void;

/**
 * Cuts a stream of bytes into lines, however it is cut itself. Holds the beginning of one line, up to a limit: of a longer one
 * only the fact is passed on, when its end is seen. The same goes for a line of JSON that is nested too deep to be parsed.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #held = Buffer.alloc(0);
  #length = 0;

  /** @param maxBytes of one line, without its end */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that it keeps in memory. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(bytes: Uint8Array, onLine: OnLine): void {
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      this.#endLine(bytes.subarray(start, end), onLine);
      start = end + 1;
    }
    this.#hold(bytes.subarray(start));
  }

  /** The last line, if it has no end. */
  end(onLine: OnLine): void {
    if (this.#length > 0) this.#endLine(new Uint8Array(0), onLine);
  }

  #endLine(piece: Uint8Array, onLine: OnLine): void {
    if (this.#length === 0) {
      onLine(piece.length > this.#maxBytes || isTooDeep(piece) ? null : piece);
      return;
    }
    this.#hold(piece);
    const line = this.#length > this.#maxBytes ? null : this.#held.subarray(0, this.#length);
    onLine(line === null || isTooDeep(line) ? null : line);
    this.#length = 0;
    if (this.#held.length > smallestBuffer) this.#held = Buffer.alloc(0);
  }

  /** Takes a piece into the buffer; beyond the limit only its length counts. */
  #hold(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#maxBytes) {
      this.#held = Buffer.alloc(0);
    } else if (piece.length > 0) {
      if (length > this.#held.length) {
        const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(smallestBuffer, 2 * length)));
        larger.set(this.#held.subarray(0, this.#length));
        this.#held = larger;
      }
      this.#held.set(piece, this.#length);
    }
    this.#length = length;
  }
}
