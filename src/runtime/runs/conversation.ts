import type { Capabilities } from '../adapters/adapter.ts';
import type { AgentEvent, EventReader, QuestionEvent } from '../adapters/events.ts';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import { addUsage, type Ledger } from '../governance/ledger.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import type { ProcessOutcome } from './processOutcome.ts';
import { addEvent, conclude, nothingReported, type RunReport } from './report.ts';
import { RetryPatience } from './retryPatience.ts';
import { StallWatch } from './stallWatch.ts';
import type { BookEvent } from './usageBooks.ts';

/** The end of the program's side: what is written to it, and its clock. */
export interface Listener {
  /** True once something ended it: nothing that it asks for can be answered any more. */
  readonly isEnding: boolean;
  /** False if the line cannot arrive; `onLost` is called if that shows later. */
  write(line: string, onLost?: () => void): boolean;
  closeInput(): void;
  /** Stops the clock of its time limit, or lets it go on. */
  holdTimeout(isHeld: boolean): void;
  /** Adds a remark of Reveille's own to the log. */
  note(text: string): void;
  /** Ends it, because it can only go on failing; what it told says why. */
  giveUp(): void;
}

/** What is recorded of what programs tell; each call is one transaction, but `noteProgress`. */
export interface ConversationRecords {
  /** What it is at; shown while it runs. */
  noteProgress(runId: string, text: string): void;
  noteStall(runId: string, isStalled: boolean): void;
  /**
   * Records a question; answers its id, or null if there are too many. With `isWaiting` the run waits from now on.
   */
  ask(runId: string, question: QuestionEvent, isWaiting: boolean): string | null;
  /** It waits no longer. */
  stopWaiting(runId: string): void;
  /** An answer that the program cannot get any more has to reach its agent in another run. */
  noteUndelivered(questionId: string): void;
}

export interface ConversationOptions {
  readonly runId: string;
  readonly reader: EventReader | null;
  /** Gets everything that it tells, first. */
  readonly onEvent?: (event: AgentEvent) => void;
  /** Gets what it has used, whenever that has become more. */
  readonly onUsage?: (ledger: Ledger) => void;
  /** What success takes; without it an exit code alone. */
  readonly success?: Capabilities['success'];
  /** How long a question is left open for a person; 0 = not at all. */
  readonly waitMs: number;
  /** What its run has of its time limit; 0 or left out = no limit. */
  readonly limitMs?: number;
  /** Silence after which it is said; 0 = never. */
  readonly stallMs: number;
  /** Whether there is somebody who could answer. */
  readonly isAttended: () => boolean;
  readonly records: ConversationRecords;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a person did with a question that a program waits for. */
export type Reply = { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'dismissed' };

/** A program that asks again and again is not listened to any more. */
const maxQuestions = 16;
const maxNotes = 8;

/**
 * What a program and people tell each other while its run goes on. Never throws into the stream of its output: what cannot be
 * recorded is logged.
 *
 *     working ──ask──► waiting ──all answered or dismissed──► working
 *                         └──waitMs passed, or nobody there──► told to come back later: its input is closed, it should end
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #stall: StallWatch;
  readonly #patience: RetryPatience;
  /** Questions that the program waits for: by our id, what it calls them. */
  readonly #open = new Map<string, string>();
  /** Programs' ids of all questions so far. */
  readonly #asked = new Set<string>();
  #listener: Listener | null = null;
  #report: RunReport = nothingReported;
  #deadline: Disposable | null = null;
  /** Replies on their way to the disk, before they may be told. */
  #replying = 0;
  #isInputClosed = false;
  #isHeld = false;
  #notes = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#patience = new RetryPatience(options.clock, options.limitMs ?? 0, (event) => {
      this.#note('ends it: it would wait for its provider for too long');
      this.#take(event);
    });
    this.#stall = new StallWatch(options.clock, options.stallMs, (isStalled) => {
      this.#try(() => {
        options.records.noteStall(options.runId, isStalled);
      });
    });
  }

  /** Names the program; call it before any output is read. */
  begin(listener: Listener): void {
    this.#listener = listener;
  }

  /** Takes what the program put out. */
  hear(chunk: Uint8Array, stream: 'out' | 'err'): void {
    this.#stall.hear();
    const { reader } = this.#options;
    if (reader !== null) for (const event of reader.push(chunk, stream)) this.#take(event);
  }

  /** Takes what the program's books say. */
  hearBooks(event: BookEvent): void {
    const { ledger } = this.#report;
    if (event.kind === 'usage') this.#grow({ ...this.#report, ledger: addUsage(ledger, event.usage, 'books') });
    this.#options.onEvent?.(event);
    this.#patience.hear(event);
  }

  /** Whether the program has said how its work came out. */
  get hasResult(): boolean {
    return this.#report.result !== null;
  }

  /** True while the program waits for an answer to this question. */
  isOpen(questionId: string): boolean {
    return this.#open.has(questionId);
  }

  /** The questions that the program waits for. */
  get openQuestions(): number {
    return this.#open.size;
  }

  /**
   * Takes a question out of those that wait, and tells the program once `recorded` resolves. False if it did not wait for it.
   */
  reply(questionId: string, reply: Reply, recorded: Promise<void>): boolean {
    const asked = this.#open.get(questionId);
    if (asked === undefined) return false;
    this.#open.delete(questionId);
    if (this.#open.size === 0) this.#endWait();
    this.#replying += 1;
    void recorded.then(
      () => {
        this.#tell(questionId, asked, reply);
      },
      // The store has failed: nothing is told, and the runtime ends.
      () => undefined,
    );
    return true;
  }

  /** Tells a program that waits to come back later. */
  stopWaiting(): void {
    if (this.#open.size === 0) return;
    for (const id of this.#open.values()) this.#send({ reveille: 'later', id });
    this.#open.clear();
    this.#closeInput();
    this.#endWait();
    this.#try(() => {
      this.#options.records.stopWaiting(this.#options.runId);
    });
    this.#release();
  }

  /** Its program has ended: what the outcome is with all that it had said. What is open stays to be answered later. */
  end(outcome: ProcessOutcome): ProcessOutcome {
    const rest = this.#options.reader?.end() ?? [];
    for (const event of rest) this.#take(event);
    this.dispose();
    return conclude(outcome, this.#report, this.#options.success);
  }

  dispose(): void {
    this.#open.clear();
    this.#endWait();
    this.#stall.dispose();
    this.#patience.dispose();
  }

  #take(event: AgentEvent): void {
    this.#grow(addEvent(this.#report, event));
    this.#options.onEvent?.(event);
    this.#patience.hear(event);
    switch (event.kind) {
      case 'progress':
        this.#options.records.noteProgress(this.#options.runId, event.text);
        return;
      case 'question':
        this.#try(() => {
          this.#takeQuestion(event);
        });
        return;
      case 'result':
        // Whoever says how it came out waits for nothing; a program that reads until its input ends can end.
        this.stopWaiting();
        this.#closeInput();
        return;
      case 'failure':
      case 'rateLimit':
      case 'transientError':
        if (event.isFinal === true) this.#listener?.giveUp();
        return;
      case 'raw':
        if (event.reason === 'malformed') this.#note('could not read the line above as one of its protocol');
        return;
      default:
        return;
    }
  }

  #grow(report: RunReport): void {
    const { ledger } = this.#report;
    this.#report = report;
    if (report.ledger !== ledger) this.#options.onUsage?.(report.ledger);
  }

  #takeQuestion(question: QuestionEvent): void {
    const { records, runId, waitMs, isAttended } = this.#options;
    if (this.#asked.has(question.id)) {
      this.#note('ignores a question with an id that was used before');
      return;
    }
    if (this.#asked.size >= maxQuestions) {
      this.#note('ignores a question: there were too many');
      this.#send({ reveille: 'later', id: question.id });
      return;
    }
    this.#asked.add(question.id);
    const isListening = !this.#isInputClosed && this.#listener?.isEnding === false;
    const isWaiting = isListening && waitMs > 0 && isAttended();
    const id = records.ask(runId, question, isWaiting);
    if (id === null) this.#note('ignores a question: its agent has too many open ones');
    if (id !== null && isWaiting) {
      this.#open.set(id, question.id);
      this.#beginWait(waitMs);
      return;
    }
    this.#send({ reveille: 'later', id: question.id });
    // One that still waits is told later by its own time.
    if (this.#open.size === 0) this.#closeInput();
  }

  #beginWait(waitMs: number): void {
    this.#isHeld = true;
    this.#listener?.holdTimeout(true);
    this.#stall.pause();
    this.#deadline ??= this.#options.clock.setTimeout(() => {
      this.#deadline = null;
      this.stopWaiting();
    }, waitMs);
  }

  #endWait(): void {
    this.#deadline?.dispose();
    this.#deadline = null;
  }

  #tell(questionId: string, asked: string, reply: Reply): void {
    this.#replying -= 1;
    const onLost = (): void => {
      if (reply.kind === 'answer')
        this.#try(() => {
          this.#options.records.noteUndelivered(questionId);
        });
    };
    const message =
      reply.kind === 'answer'
        ? { reveille: 'answer', id: asked, answer: reply.answer }
        : { reveille: 'dismissed', id: asked };
    if (this.#listener?.write(toLine(message), onLost) !== true) onLost();
    if (this.#isInputClosed && this.#replying === 0) this.#listener?.closeInput();
    this.#release();
  }

  /** Lets the clocks go on, unless something is still waited for. */
  #release(): void {
    if (!this.#isHeld || this.#open.size > 0 || this.#replying > 0) return;
    this.#isHeld = false;
    this.#listener?.holdTimeout(false);
    this.#stall.resume();
  }

  /** An answer that is on its way to the disk is written before. */
  #closeInput(): void {
    this.#isInputClosed = true;
    if (this.#replying === 0) this.#listener?.closeInput();
  }

  #send(message: object): void {
    this.#listener?.write(toLine(message));
  }

  #note(text: string): void {
    if (this.#notes >= maxNotes) return;
    this.#notes += 1;
    this.#listener?.note(text);
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.logger.error('What a run told could not be recorded', this.#options.runId, toError(error));
    }
  }
}

function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
