import type { AgentEvent } from '../adapters/events.ts';
import type { Clock } from '../clock.ts';
import type { Disposable } from '../lifecycle.ts';

type Retrying = Extract<AgentEvent, { readonly kind: 'retrying' }>;

/** Longest wait of a program for its provider that is borne, in milliseconds: its run holds a slot meanwhile. */
const longestWaitMs = 600_000;
/** So long before the time limit of its run a wait is ended, in milliseconds: the limit would not tell why nothing came of it. */
const beforeLimitMs = 1000;

/**
 * How long to bear with a program that waits by itself before it tries again, in milliseconds; 0 = not at all, null = as long as it
 * takes. `leftMs` is what is left of the time of its run.
 */
export function decidePatience({ delayMs = null, limit }: Retrying, leftMs: number): number | null {
  const most = Math.max(0, Math.min(longestWaitMs, leftMs - beforeLimitMs));
  if (delayMs !== null) return delayMs > most ? 0 : null;
  // Faults are tried again soon. A limit may be slept on for hours, and nothing is said of that.
  return limit === undefined ? null : most;
}

/**
 * Watches over a program that says that it tries again by itself: if it waits for too long, what it waits for becomes the end of
 * its run. Whatever it does meanwhile shows that it is back.
 */
export class RetryPatience implements Disposable {
  readonly #clock: Clock;
  readonly #onDidEnd: (event: AgentEvent) => void;
  readonly #endsAt: number;
  #timer: Disposable | null = null;

  /** @param limitMs what the run has of its time limit; 0 = no limit */
  constructor(clock: Clock, limitMs: number, onDidEnd: (event: AgentEvent) => void) {
    this.#clock = clock;
    this.#onDidEnd = onDidEnd;
    this.#endsAt = limitMs > 0 ? clock.monotonic() + limitMs : Infinity;
  }

  hear(event: AgentEvent): void {
    if (event.kind === 'raw' || event.kind === 'notice') return;
    this.dispose();
    if (event.kind !== 'retrying') return;
    const patienceMs = decidePatience(event, this.#endsAt - this.#clock.monotonic());
    if (patienceMs === null) return;
    const end = toEnd(event, this.#clock.now());
    if (patienceMs === 0) this.#onDidEnd(end);
    else
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = null;
        this.#onDidEnd(end);
      }, patienceMs);
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = null;
  }
}

/** What it waits for, as what kept it from its work. */
function toEnd({ limit, delayMs = null, message }: Retrying, now: number): AgentEvent {
  if (limit === undefined) return { kind: 'transientError', message, isFinal: true };
  return { kind: 'rateLimit', limit, until: delayMs === null ? null : now + delayMs, isFinal: true };
}
