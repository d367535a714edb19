/** Which of its two outputs a run wrote to. */
export type OutputStream = 'out' | 'err';

const minIntervalMs = 1000;
/** About 3 MB; a program that alternates between its outputs for hours must not grow the index without end. */
const maxEntries = 50_000;

/**
 * Decides which lines a log's index needs: one when the stream changes and one each second. A reader applies each line
 * from its offset up to the next; after the last possible line everything counts as that line says.
 */
export class LogIndex {
  #stream: OutputStream | null = null;
  #at = 0;
  #entries = 0;

  /** The JSON line to write for bytes that begin at `offset`, read at `at` (epoch ms); null if none is needed. */
  note(offset: number, stream: OutputStream, at: number): string | null {
    const isNews = stream !== this.#stream || Math.abs(at - this.#at) >= minIntervalMs;
    if (!isNews || this.#entries >= maxEntries) return null;
    this.#stream = stream;
    this.#at = at;
    this.#entries += 1;
    return `${JSON.stringify({ offset, stream, at })}\n`;
  }
}
