import type { AgentEvent, EventReader } from './runtime/adapters/events.ts';
import { TranscriptText, type TranscriptSetting } from './transcriptText.ts';

/** Makes what one run wrote readable, piece by piece. */
export interface ReadableOutput {
  /** The next piece of its log; answers what can be shown of it. */
  push(text: string): string;
  /** The next piece does not follow the last one: it begins anywhere. */
  skip(): void;
  /** The log has ended; answers what was still waiting. */
  end(): string;
}

/** Who reads the logs of an adapter's runs for their transcripts. */
export interface LogReading {
  /** A reader of a run's log from its beginning, or from any line. */
  readonly makeReader: () => EventReader;
  /**
   * `lines`: every line of the log is for the reader. `marked`: it is text for people, and only lines with a JSON object that has the key
   * `reveille` are for the reader.
   */
  readonly reads: 'lines' | 'marked';
}

/** A longer line is none that a reader would understand. */
const longestLine = 1024 * 1024;
/** How a line begins of which it is not known yet whether it is marked. */
const undecided = /^[ \t]*(?:\{|$)/;

/**
 * A log that is text for people, shown as it comes, but for its marked lines (docs/process-protocol.md): they are shown as words.
 * Lines that begin with a brace wait for their end.
 */
export class MarkedOutput implements ReadableOutput {
  readonly #makeReader: () => EventReader;
  readonly #text: ReadableOutput;
  readonly #words: TranscriptText;
  #reader: EventReader;
  /** The beginning of a line that may be marked. */
  #held = '';
  #isWithinLine = false;

  constructor(makeReader: () => EventReader, text: ReadableOutput, setting: TranscriptSetting) {
    this.#makeReader = makeReader;
    this.#reader = makeReader();
    this.#text = text;
    this.#words = new TranscriptText(setting);
  }

  push(text: string): string {
    let rest = this.#held + text;
    let shown = '';
    this.#held = '';
    while (rest !== '') {
      const end = rest.indexOf('\n') + 1;
      const mayBeMarked = !this.#isWithinLine && undecided.test(rest.slice(0, end || undefined));
      if (end === 0 && mayBeMarked && rest.length <= longestLine) {
        this.#held = rest;
        break;
      }
      const line = end === 0 ? rest : rest.slice(0, end);
      shown += (mayBeMarked ? this.#describe(line) : null) ?? this.#text.push(line);
      this.#isWithinLine = end === 0;
      rest = rest.slice(line.length);
    }
    return shown;
  }

  skip(): void {
    this.#held = '';
    this.#isWithinLine = true;
    this.#reader = this.#makeReader();
    this.#text.skip();
  }

  end(): string {
    const last = this.#held;
    this.#held = '';
    return (this.#describe(`${last}\n`) ?? this.#text.push(last)) + this.#text.end();
  }

  /** The words of a marked line; null for one that is only text, or cannot be read. */
  #describe(line: string): string | null {
    if (!isMarked(line)) return null;
    const events: readonly AgentEvent[] = this.#reader.push(Buffer.from(line), 'out');
    if (events.some(({ kind }) => kind === 'raw')) return null;
    return events
      .flatMap((event) => this.#words.describe(event))
      .map((one) => `${one}\n`)
      .join('');
  }
}

function isMarked(line: string): boolean {
  if (!line.includes('"reveille"')) return false;
  try {
    return Object.hasOwn(JSON.parse(line) as object, 'reveille');
  } catch {
    // Output that looks like ours and is not.
    return false;
  }
}
