import type { OutputStage } from './outputStage.ts';
import type { NamedSecret } from './secretForms.ts';
import { SecretMatcher } from './secretMatcher.ts';

/** What an output is searched for at the moment; another array when it has changed. It only ever becomes more. */
export type SecretSource = () => readonly NamedSecret[];

/** A part of the output that is a secret, or several that overlap; places count from the bytes at hand. */
interface Found {
  start: number;
  end: number;
  label: number;
}

const nothing = Buffer.alloc(0);
/** One automaton for all outputs that are searched for the same. */
const matchers = new WeakMap<readonly NamedSecret[], SecretMatcher | null>();

function matcherOf(secrets: readonly NamedSecret[]): SecretMatcher | null {
  const known = matchers.get(secrets);
  if (known !== undefined) return known;
  const matcher = SecretMatcher.of(secrets);
  matchers.set(secrets, matcher);
  return matcher;
}

/**
 * Puts `[secret NAME]` in the place of every form of every secret, wherever the stream is cut. Where forms overlap, all that
 * any of them covers goes, under the name of the one that begins first. Holds back no more than what may be the beginning of a form.
 * A secret that becomes known meanwhile is searched for from then on.
 */
export class Redactor implements OutputStage {
  readonly #source: SecretSource;
  #secrets: readonly NamedSecret[] = [];
  #matcher: SecretMatcher | null = null;
  #state = 0;
  /** The last bytes, as long as they may become a form. */
  #held: Buffer = nothing;
  /** What reaches into them, in order; only the first may begin before them. */
  #found: Found[] = [];

  constructor(source: SecretSource) {
    this.#source = source;
  }

  push(chunk: Buffer): Buffer {
    this.#follow();
    const matcher = this.#matcher;
    if (matcher === null) return chunk;
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#search(matcher, data, this.#held.length);
    return this.#release(data, data.length - matcher.depthAt(this.#state));
  }

  end(): Buffer {
    const rest = this.#release(this.#held, this.#held.length);
    this.#state = 0;
    return rest;
  }

  #follow(): void {
    const secrets = this.#source();
    if (secrets === this.#secrets) return;
    this.#secrets = secrets;
    this.#matcher = matcherOf(secrets);
    this.#state = 0;
    // What lies within the bytes at hand is found again.
    this.#found = this.#found.filter(({ start }) => start < 0);
    if (this.#matcher !== null) this.#search(this.#matcher, this.#held, 0);
  }

  #search(matcher: SecretMatcher, data: Buffer, from: number): void {
    let state = this.#state;
    for (let at = from; at < data.length; at += 1) {
      if (state === 0) {
        at = matcher.skip(data, at);
        if (at >= data.length) break;
      }
      state = matcher.step(state, data[at] ?? 0);
      const length = matcher.matchAt(state);
      if (length > 0) this.#note({ start: at + 1 - length, end: at + 1, label: matcher.labelAt(state) });
    }
    this.#state = state;
  }

  #note(match: Found): void {
    const found = this.#found;
    for (let last = found.at(-1); last !== undefined && last.end > match.start; last = found.at(-1)) {
      if (last.start < match.start) {
        match.start = last.start;
        match.label = last.label;
      }
      found.pop();
    }
    found.push(match);
  }

  /** Lets go of the bytes before `until`: no form that is still to come begins there. */
  #release(data: Buffer, until: number): Buffer {
    const pieces: Buffer[] = [];
    let next = 0;
    let done = 0;
    for (const { start, end, label } of this.#found) {
      if (start >= until) break;
      if (start > next) pieces.push(data.subarray(next, start));
      next = Math.min(end, until);
      if (end > until) break;
      pieces.push(this.#matcher?.labels[label] ?? nothing);
      done += 1;
    }
    if (next < until) pieces.push(data.subarray(next, until));
    this.#found = this.#found.slice(done).map(({ start, end, label }) => ({
      start: start - until,
      end: end - until,
      label,
    }));
    // A copy: the chunk that it came in may be large.
    this.#held = until === data.length ? nothing : Buffer.from(data.subarray(until));
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }
}

/** A text without the secrets in it. */
export function redactText(text: string, source: SecretSource): string {
  const redactor = new Redactor(source);
  const bytes = Buffer.from(text);
  return Buffer.concat([redactor.push(bytes), redactor.end()]).toString();
}
