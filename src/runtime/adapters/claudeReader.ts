import { ClaudeEvents } from './claudeEvents.ts';
import { fieldsOf, textOf } from './claudeFields.ts';
import type { AgentEvent, EventReader } from './events.ts';
import { LineSplitter } from './lineSplitter.ts';

/** Longer lines are none of claude's. */
const maxLineBytes = 16 * 1024 * 1024;
/** What is kept of standard error: its end. */
const maxErrorBytes = 4096;
/** Longest text of what was not understood, in characters. */
const maxRawText = 2000;
/** Lines of partial messages, all but a few of which say nothing that the finished message does not. */
const partial = Buffer.from('{"type":"stream_event"');
const fragments = ['start', 'delta', 'stop'].map((what) =>
  Buffer.from(`{"type":"stream_event","event":{"type":"content_block_${what}"`),
);
/** What claude writes on standard error for its own developers. */
const chatter = /^\[claude-code:.*$/gm;

/** Whether a line belongs in the log: partial messages do not, the finished ones follow. Told by its first 64 bytes. */
export function isLoggedLine(lineStart: Uint8Array): boolean {
  return !startsWith(lineStart, partial);
}

/** Reads the outputs of claude in print mode: JSON lines, and the sentences of one that could not begin. */
export class ClaudeReader implements EventReader {
  readonly #lines = new LineSplitter(maxLineBytes);
  readonly #events = new ClaudeEvents();
  #errors = Buffer.alloc(0);

  /** Bytes that it keeps in memory. */
  get heldBytes(): number {
    return this.#lines.heldBytes + this.#errors.length;
  }

  push(bytes: Uint8Array, stream: 'out' | 'err'): AgentEvent[] {
    const found: AgentEvent[] = [];
    if (stream === 'err') {
      this.#errors = Buffer.from(Buffer.concat([this.#errors, bytes]).subarray(-maxErrorBytes));
      return found;
    }
    this.#lines.push(bytes, (line) => {
      this.#read(line, found);
    });
    return found;
  }

  end(): AgentEvent[] {
    const found: AgentEvent[] = [];
    this.#lines.end((line) => {
      this.#read(line, found);
    });
    const errors = this.#errors.toString('utf8').replace(/^\uFFFD+/, '');
    found.push(...this.#events.end(textOf(errors.replaceAll(chatter, ''), maxRawText)));
    return found;
  }

  #read(line: Uint8Array | null, found: AgentEvent[]): void {
    if (line === null) found.push({ kind: 'raw', reason: 'too_long' });
    else if (!fragments.some((fragment) => startsWith(line, fragment))) found.push(...this.#readLine(line));
  }

  #readLine(line: Uint8Array): AgentEvent[] {
    const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8').trim();
    if (text === '') return [];
    const said = parse(text);
    const events = said === undefined ? null : this.#events.read(fieldsOf(said));
    if (events !== null) return events;
    const shown = textOf(text, maxRawText);
    return [{ kind: 'raw', reason: said === undefined ? 'text' : 'unknown', ...(shown !== null && { text: shown }) }];
  }
}

/** An object; undefined for all other text. */
function parse(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    // Output of something else, or the end of a line whose beginning was lost.
    return undefined;
  }
}

function startsWith(line: Uint8Array, start: Buffer): boolean {
  return line.length >= start.length && start.compare(line, 0, start.length) === 0;
}
