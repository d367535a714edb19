import type { AgentEvent, EventReader } from './events.ts';
import { LineSplitter } from './lineSplitter.ts';

/** Reads what a program says in lines of its standard output; what it writes to standard error is only for the log. */
export class LineReader implements EventReader {
  readonly #lines: LineSplitter;
  readonly #read: (line: Buffer) => readonly AgentEvent[];

  /**
   * @param maxBytes of one line; a longer one is raw
   * @param read what a line says, without its end; the bytes are valid during the call only
   */
  constructor(maxBytes: number, read: (line: Buffer) => readonly AgentEvent[]) {
    this.#lines = new LineSplitter(maxBytes);
    this.#read = read;
  }

  /** Bytes that it keeps in memory. */
  get heldBytes(): number {
    return this.#lines.heldBytes;
  }

  push(bytes: Uint8Array, stream: 'out' | 'err'): AgentEvent[] {
    const events: AgentEvent[] = [];
    if (stream === 'out')
      this.#lines.push(bytes, (line) => {
        this.#take(line, events);
      });
    return events;
  }

  end(): AgentEvent[] {
    const events: AgentEvent[] = [];
    this.#lines.end((line) => {
      this.#take(line, events);
    });
    return events;
  }

  #take(line: Uint8Array | null, events: AgentEvent[]): void {
    if (line === null) events.push({ kind: 'raw', reason: 'too_long' });
    else for (const event of this.#read(Buffer.from(line.buffer, line.byteOffset, line.length))) events.push(event);
  }
}
