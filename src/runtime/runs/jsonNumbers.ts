import type { OutputStage } from './outputStage.ts';
import { Redactor, type SecretSource } from './redactor.ts';
import type { NamedSecret } from './secretForms.ts';

const [newline, tab, carriageReturn, space, quote, backslash, bracket, brace] = [...Buffer.from('\n\t\r "\\[{')];
const label = Buffer.from('[secret ');
const isNumeric = new Uint8Array(256);
for (const byte of Buffer.from('0123456789+-.eE')) isNumeric[byte] = 1;
/** Longer runs of digits are no number that a program counts with: they are not held back. In bytes. */
const longestNumber = 64;
const nothing = Buffer.alloc(0);

/** Whether a form of it (as it is, or in hex) can stand within a number. */
function canBeNumber({ value }: NamedSecret): boolean {
  return /^[\d+.eE-]+$/.test(value) || /^\d+$/.test(Buffer.from(value).toString('hex'));
}

/**
 * Takes secrets out of an output, and leaves its lines of JSON such: a number with a secret in it becomes the text `"[secret NAME]"`
 * as a whole, so that whoever reads the line misses this number and nothing else of it.
 */
export class LineRedactor implements OutputStage {
  readonly #source: SecretSource;
  readonly #redactor: Redactor;
  readonly #numbers = new NumberQuoter();
  #secrets: readonly NamedSecret[] = [];
  #isNeeded = false;

  constructor(source: SecretSource) {
    this.#source = source;
    this.#redactor = new Redactor(source);
  }

  push(chunk: Buffer): Buffer {
    const secrets = this.#source();
    if (secrets !== this.#secrets) this.#isNeeded = secrets.some(canBeNumber);
    this.#secrets = secrets;
    return this.#quote(this.#redactor.push(chunk));
  }

  end(): Buffer {
    return Buffer.concat([this.#quote(this.#redactor.end()), this.#numbers.end()]);
  }

  #quote(redacted: Buffer): Buffer {
    if (this.#isNeeded) return this.#numbers.push(redacted);
    this.#numbers.pass(redacted);
    return redacted;
  }
}

type Place = 'start' | 'text' | 'value' | 'string' | 'escape';

/**
 *     start ──{──► value ◄──"──► string ◄──\──► escape        every line feed leads back to start
 *       └──anything else──► text
 *
 * In `value`, what looks like a number is held back until it is over; a label in or beside it takes its place, in quotation marks.
 */
class NumberQuoter implements OutputStage {
  #place: Place = 'start';
  #held: Buffer = nothing;
  /** True behind a label: the rest of its number goes. */
  #isDropping = false;

  /** Takes note of what goes by unchanged: a line is not looked at from its middle on. */
  pass(data: Buffer): void {
    if (data.length > 0) this.#place = data.at(-1) === newline ? 'start' : 'text';
  }

  push(chunk: Buffer): Buffer {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const pieces: Buffer[] = [];
    let number = this.#held.length === 0 ? -1 : 0;
    let from = 0;
    for (let at = this.#held.length; at < data.length; at += 1) {
      const byte = data[at] ?? 0;
      if (this.#place !== 'value') {
        at = this.#step(data, at);
        continue;
      }
      const end = byte === bracket ? labelEnd(data, at) : -1;
      if (end !== -1) {
        pieces.push(data.subarray(from, number === -1 ? at : number));
        if (!this.#isDropping) pieces.push(Buffer.from(`"${data.toString('utf8', at, end)}"`));
        this.#isDropping = true;
        from = end;
        number = -1;
        at = end - 1;
      } else if (isNumeric[byte] === 1) {
        if (this.#isDropping) from = at + 1;
        else if (number === -1) number = at;
      } else {
        number = -1;
        this.#isDropping = false;
        this.#step(data, at);
      }
    }
    const until = number === -1 || data.length - number > longestNumber ? data.length : number;
    pieces.push(data.subarray(from, until));
    this.#held = until === data.length ? nothing : Buffer.from(data.subarray(until));
    return pieces.length === 1 ? (pieces[0] ?? nothing) : Buffer.concat(pieces);
  }

  end(): Buffer {
    const rest = this.#held;
    this.#held = nothing;
    return rest;
  }

  /** Answers the last byte that it has seen to: of plain text, all up to the end of the line. */
  #step(data: Buffer, at: number): number {
    const byte = data[at] ?? 0;
    if (byte === newline) this.#place = 'start';
    else if (this.#place === 'escape') this.#place = 'string';
    else if (this.#place === 'string')
      this.#place = byte === quote ? 'value' : byte === backslash ? 'escape' : 'string';
    else if (this.#place === 'value') this.#place = byte === quote ? 'string' : 'value';
    else if (this.#place === 'start' && byte === brace) this.#place = 'value';
    else if (this.#place === 'text' || !(byte === space || byte === tab || byte === carriageReturn)) {
      this.#place = 'text';
      const end = data.indexOf('\n', at);
      return end === -1 ? data.length : end - 1;
    }
    return at;
  }
}

/** Where the label ends that begins at `at`; -1 if none does. The redactor never cuts one. */
function labelEnd(data: Buffer, at: number): number {
  if (data.compare(label, 0, label.length, at, Math.min(data.length, at + label.length)) !== 0) return -1;
  return data.indexOf(']', at) + 1 || -1;
}
