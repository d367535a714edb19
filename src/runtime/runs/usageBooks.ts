import { isDeepStrictEqual } from 'node:util';
import type { SessionBooks } from '../adapters/adapter.ts';
import type { AgentEvent } from '../adapters/events.ts';
import type { Clock } from '../clock.ts';
import type { Disposable } from '../lifecycle.ts';
import type { SessionParams } from '../model.ts';
import { BookFile, findBook, type BookPlace } from './bookFile.ts';
import type { OutputStage } from './outputStage.ts';
import { within } from './within.ts';

/** What books tell of a run: nothing else of them is believed. */
export type BookEvent = Extract<AgentEvent, { readonly kind: 'usage' | 'context' }>;

export interface UsageBooksOptions {
  readonly books: SessionBooks;
  /** The program's environment and working directory. */
  readonly place: { readonly env: Readonly<Record<string, string>>; readonly cwd: string };
  /** When the run began, in epoch ms: what was written before is of other runs. */
  readonly since: number;
  readonly clock: Clock;
  /** Keeps secrets out; one for each book. */
  readonly redact?: (() => OutputStage) | null;
  readonly onEvent: (event: BookEvent) => void;
}

/** While a program runs, its book is looked at as often, in milliseconds. */
const lookMs = 1000;
/** A book that is not there yet is looked for after this long, and then after twice as long each time. */
const findMs = { first: 200, longest: 30_000 };
/** Read at one look, and at the last one, in bytes: of what is more, only the end. */
const mostBytes = { look: 16 * 1024 * 1024, last: 64 * 1024 * 1024 };
/** Longest wait for the last look, in milliseconds: a file system may hang. */
const lastLookMs = 10_000;

/**
 * Reads what a run used from the books of its program: while it runs, where its adapter says so, and once more after its end.
 * Nothing here ever fails a run: books that are not there, or strange, tell nothing.
 *
 *     unknown ──follow──► looked for ──found──► read each second ──finish──► read to the end, over
 */
export class UsageBooks implements Disposable {
  readonly #options: UsageBooksOptions;
  #session: SessionParams | null = null;
  #place: BookPlace | null = null;
  #file: BookFile | null = null;
  #timer: Disposable | null = null;
  /** The looks, one after the other. */
  #looking: Promise<void> = Promise.resolve();
  #findMs = findMs.first;
  #isOver = false;

  constructor(options: UsageBooksOptions) {
    this.#options = options;
  }

  /** Names the conversation of the program; another one takes its place. */
  follow(session: SessionParams): void {
    if (this.#isOver || isDeepStrictEqual(session, this.#session)) return;
    const { books, place } = this.#options;
    this.#session = session;
    this.#place = books.locate(session, place);
    this.#file = null;
    this.#findMs = findMs.first;
    this.#timer?.dispose();
    if (books.isFollowed && this.#place !== null) this.#arm();
  }

  /**
   * The program has ended: tells all that is left to tell. With `isTold` it told everything itself: then books that are not followed
   * are not read at all. Resolves within `limitMs`; nothing is told afterwards. Never rejects.
   */
  async finish({ isTold = false, limitMs = lastLookMs }: { isTold?: boolean; limitMs?: number } = {}): Promise<void> {
    this.#timer?.dispose();
    this.#timer = null;
    if (isTold && !this.#options.books.isFollowed) this.dispose();
    if (this.#isOver) return;
    const last = this.#look(mostBytes.last).then(() => {
      if (!this.#isOver) this.#file?.end(this.#tell);
    });
    await within(this.#options.clock, limitMs, last);
    this.dispose();
  }

  dispose(): void {
    this.#isOver = true;
    this.#timer?.dispose();
    this.#timer = null;
  }

  #arm(): void {
    const delayMs = this.#file === null ? this.#findMs : lookMs;
    this.#findMs = Math.min(findMs.longest, this.#findMs * 2);
    this.#timer = this.#options.clock.setTimeout(() => {
      const timer = this.#timer;
      void this.#look(mostBytes.look).then(() => {
        // Unless it ended meanwhile, or is in another conversation.
        if (this.#timer === timer && timer !== null) this.#arm();
      });
    }, delayMs);
  }

  #look(maxBytes: number): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#readOn(maxBytes))
      // Gone, or not to be read: it tells nothing.
      .catch(() => undefined);
    return this.#looking;
  }

  async #readOn(maxBytes: number): Promise<void> {
    const place = this.#place;
    if (this.#isOver || place === null) return;
    const found = this.#file === null ? await findBook(place) : null;
    if (found !== null && place === this.#place) this.#file = this.#open(found);
    await this.#file?.readOn(maxBytes, this.#tell, () => this.#isOver);
  }

  #open(path: string): BookFile {
    const { books, since, redact } = this.#options;
    return new BookFile({ path, begin: (isWhole) => books.read(since, isWhole), redact: redact?.() ?? null });
  }

  readonly #tell = (event: AgentEvent): void => {
    if (this.#isOver || (event.kind !== 'usage' && event.kind !== 'context')) return;
    this.#options.onEvent(event);
  };
}
