import type { AgentEvent, EventReader } from './runtime/adapters/events.ts';
import { TerminalText } from './terminalText.ts';
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

/** For a run whose log is read (`makeReader` answers a reader for it), or is text for people already (it answers null). */
export function makeOutput(makeReader: () => EventReader | null, setting: TranscriptSetting): ReadableOutput {
  const reader = makeReader();
  return reader === null ? new TextOutput() : new EventOutput(reader, () => makeReader() ?? reader, setting);
}

class TextOutput implements ReadableOutput {
  #text = new TerminalText();

  push(text: string): string {
    return this.#text.push(text);
  }

  skip(): void {
    this.#text = new TerminalText();
  }

  end(): string {
    return this.#text.end();
  }
}

/** A log of events. After a jump the rest of the line that was met is passed over, and a fresh reader goes on. */
class EventOutput implements ReadableOutput {
  readonly #makeReader: () => EventReader;
  readonly #words: TranscriptText;
  #reader: EventReader;
  #isWithinLine = false;
  /** No two empty lines follow each other, and none begins the text. */
  #afterEmptyLine = true;

  constructor(reader: EventReader, makeReader: () => EventReader, setting: TranscriptSetting) {
    this.#reader = reader;
    this.#makeReader = makeReader;
    this.#words = new TranscriptText(setting);
  }

  push(text: string): string {
    const from = this.#isWithinLine ? text.indexOf('\n') + 1 : 0;
    if (this.#isWithinLine && from === 0) return '';
    this.#isWithinLine = false;
    return this.#write(this.#reader.push(Buffer.from(text.slice(from)), 'out'));
  }

  skip(): void {
    this.#reader = this.#makeReader();
    this.#isWithinLine = true;
  }

  end(): string {
    return this.#isWithinLine ? '' : this.#write(this.#reader.end());
  }

  #write(events: readonly AgentEvent[]): string {
    let text = '';
    for (const line of events.flatMap((event) => this.#words.describe(event))) {
      if (line !== '' || !this.#afterEmptyLine) text += `${line}\n`;
      this.#afterEmptyLine = line === '';
    }
    return text;
  }
}
