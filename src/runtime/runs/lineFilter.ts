import type { OutputStage } from './outputStage.ts';

/** What a decision about a line may look at, in bytes. */
const headBytes = 64;
const newline = 0x0a;
const nothing = Buffer.alloc(0);

/** Leaves out lines by how they begin. What it holds back is never more than the beginning of one line. */
export class LineFilter implements OutputStage {
  readonly #keeps: (lineStart: Uint8Array) => boolean;
  /** The beginning of a line that is not decided yet. */
  #head: Buffer = nothing;
  /** What becomes of the rest of the present line; null while its beginning is not known. */
  #isKept: boolean | null = null;

  /** @param keeps told by the first bytes of a line, at most 64, or all of a shorter one without its end */
  constructor(keeps: (lineStart: Uint8Array) => boolean) {
    this.#keeps = keeps;
  }

  push(chunk: Buffer): Buffer {
    const kept: Buffer[] = [];
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(newline, start);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end + 1);
      this.#take(piece, end !== -1, kept);
      start += piece.length;
    }
    return kept.length === 1 && kept[0] ? kept[0] : Buffer.concat(kept);
  }

  end(): Buffer {
    const rest = this.#head;
    const isKept = rest.length > 0 && this.#keeps(rest.subarray(0, headBytes));
    this.#head = nothing;
    this.#isKept = null;
    return isKept ? rest : nothing;
  }

  #take(piece: Buffer, isEnd: boolean, kept: Buffer[]): void {
    if (this.#isKept === null) this.#begin(piece, isEnd, kept);
    else if (this.#isKept) kept.push(piece);
    if (isEnd) this.#isKept = null;
  }

  #begin(piece: Buffer, isEnd: boolean, kept: Buffer[]): void {
    const line = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece]);
    if (!isEnd && line.length < headBytes) {
      // A copy: the chunk that it came in may be large.
      this.#head = Buffer.from(line);
      return;
    }
    this.#head = nothing;
    const text = isEnd ? line.subarray(0, line.length - 1) : line;
    this.#isKept = this.#keeps(text.subarray(0, headBytes));
    if (this.#isKept) kept.push(line);
  }
}
