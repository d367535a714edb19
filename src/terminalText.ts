/* Escape sequences: CSI (colours, cursor), OSC (titles, links), DCS/APC/PM/SOS strings, and two-character ones. */
const sequences =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[PX^_][^\u001b]*\u001b\\|\u001b[ -/]*[0-OQ-WYZ\\`-~]/g;
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
/** What turns the direction of text around it: a line would read as another one. */
const turns = /[\u202a-\u202e\u2066-\u2069]/g;
/** A longer unfinished escape sequence is taken for noise, so that a stray one cannot swallow the output. */
const longestSequence = 4096;

/**
 * Makes terminal output readable as plain text, chunk by chunk: escape sequences and control characters go,
 * and a carriage return begins a new line. A sequence cut by the border of a chunk waits for its rest.
 */
export class TerminalText {
  #rest = '';

  /** The readable text of the next chunk. */
  push(chunk: string): string {
    const text = this.#rest + chunk;
    const cut = startOfUnfinished(text);
    this.#rest = text.slice(cut);
    return clean(text.slice(0, cut));
  }

  /** What was still waiting when the output ended. */
  end(): string {
    const rest = this.#rest;
    this.#rest = '';
    return clean(rest);
  }
}

function startOfUnfinished(text: string): number {
  if (text.endsWith('\r')) return text.length - 1;
  const start = text.lastIndexOf('\u001b', text.length - 1);
  if (start === -1 || text.length - start > longestSequence) return text.length;
  const opener = openString(text, start);
  const tail = text.slice(opener);
  return tail.replace(sequences, '').startsWith('\u001b') ? opener : text.length;
}

/** The start of a string sequence (OSC, DCS …) whose terminator `ESC \` may be cut in two. */
function openString(text: string, start: number): number {
  const previous = text.lastIndexOf('\u001b', start - 1);
  if (previous === -1 || start - previous > longestSequence) return start;
  const isString = /^\u001b[\]PX^_]/.test(text.slice(previous, previous + 2));
  return isString && start === text.length - 1 ? previous : start;
}

function clean(text: string): string {
  return text.replace(sequences, '').replace(/\r\n?/g, '\n').replace(controls, '').replace(turns, '');
}

/** A whole text that an agent wrote, without what would steer a terminal or cannot be seen. */
export function toReadable(text: string): string {
  const readable = new TerminalText();
  return readable.push(text) + readable.end();
}
