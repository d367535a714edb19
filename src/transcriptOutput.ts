import type { AgentEvent, EventReader } from './runtime/adapters/events.ts';
import { TerminalText } from './terminalText.ts';
import { MarkedOutput, type LogReading, type ReadableOutput } from './transcriptMarks.ts';
import { TranscriptText, type TranscriptSetting } from './transcriptText.ts';

/**
 * For a run whose log is read as `reading` says, or is text for people already (null).
 * @param makeText for what is text already: without what steers a terminal, unless told otherwise
 */
export function makeOutput(
  reading: LogReading | null,
  setting: TranscriptSetting,
  makeText: () => ReadableOutput = () => new TextOutput(),
): ReadableOutput {
  if (reading === null) return makeText();
  return reading.reads === 'lines'
    ? new EventOutput(reading.makeReader, setting)
    : new MarkedOutput(reading.makeReader, makeText(), setting);
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

  constructor(makeReader: () => EventReader, setting: TranscriptSetting) {
    this.#reader = makeReader();
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
