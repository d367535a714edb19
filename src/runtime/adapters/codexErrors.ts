import { LineSplitter } from './lineSplitter.ts';

const longestLine = 16 * 1024;
/** Remembered of what may be the reason of an early end. */
const mostSentences = 4;

/** A line of the log that codex keeps on standard error. */
const logLine = /^\d{4}-\d\d-\d\dT[\d:.]+Z\s+(?:ERROR|WARN|INFO|DEBUG|TRACE)\s/;
const lostServer = /^\S+\s+ERROR rmcp::transport::worker: worker quit with fatal: (.*)/;
const own = /^(?:WARNING: |Reading (?:prompt|additional input) from stdin)/;
/** Colours and other controls of terminals. */
const controls = /\u001b\[[0-9;]*[A-Za-z]/g;

/**
 * What codex says on standard error: why it could not begin, which it tells nowhere else, and servers of tools that are not there.
 */
export class CodexErrors {
  readonly #lines = new LineSplitter(longestLine);
  readonly #sentences: string[] = [];

  /** Answers why servers of tools were lost, as told in these bytes. */
  push(bytes: Uint8Array): string[] {
    const lost: string[] = [];
    this.#lines.push(bytes, (line) => {
      this.#take(line, lost);
    });
    return lost;
  }

  /** The output has ended. The reason why it could not begin, as far as it gave one; null if not. */
  end(): string | null {
    this.#lines.end((line) => {
      this.#take(line, []);
    });
    const start = this.#sentences.findIndex((sentence) => /^error\b/i.test(sentence));
    const [reason, next] = this.#sentences.slice(Math.max(0, start));
    if (reason === undefined) return null;
    // Where in the configuration it is stands in a line of its own.
    return next?.startsWith('in `') === true ? `${reason} ${next}` : reason;
  }

  #take(line: Uint8Array | null, lost: string[]): void {
    if (line === null) return;
    const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8').replace(controls, '').trim();
    const server = lostServer.exec(text);
    if (server !== null) lost.push(server[1] ?? '');
    else if (text !== '' && !logLine.test(text) && !own.test(text)) this.#remember(text);
  }

  /** The first ones; an error takes the place of what is none. */
  #remember(text: string): void {
    if (this.#sentences.length < mostSentences) this.#sentences.push(text);
    else if (/^error\b/i.test(text) && !this.#sentences.some((known) => /^error\b/i.test(known))) {
      this.#sentences[0] = text;
    }
  }
}
