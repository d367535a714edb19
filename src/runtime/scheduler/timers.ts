import type { Clock } from '../clock.ts';
import { Emitter, type Event } from '../events.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import type { HeartbeatPolicy } from '../model.ts';
import { countDue, decideCatchUp, type CatchUp } from './catchUp.ts';
import { isSameSchedule, nextDueAt, periodMs } from './due.ts';
import { DueQueue, type Queued } from './dueQueue.ts';
import { jitterMs } from './jitter.ts';

/** A heartbeat of an agent's own schedule. */
export interface DueHeartbeat {
  readonly agent: string;
  /** The time that it stands for, epoch ms; of a catch-up the latest one missed. */
  readonly plannedAt: number;
  /** Heartbeats that it makes up for and that had no event of their own; of a catch-up all that were missed. At most 100. */
  readonly missed: number;
  readonly isCatchUp: boolean;
}

export interface PlannedHeartbeat {
  readonly agent: string;
  /** Epoch ms; null if nothing is planned. */
  readonly nextAt: number | null;
}

interface Entry extends Queued {
  readonly agent: string;
  readonly policy: HeartbeatPolicy;
  readonly jitterMs: number;
  anchorAt: number;
  /** The next time of the schedule, as the owner knows it; while a catch-up waits, the first one missed. */
  plannedAt: number | null;
  /** The last time of the schedule that had its event. */
  servedAt: number;
  catchUp: CatchUp | null;
}

/** Longer timers see neither sleep nor a changed clock, and overflow after 24.8 days. */
const longestTimerMs = 30_000;
/** Later than this, a heartbeat was missed; and a clock that moved by more has jumped. */
const toleranceMs = 60_000;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Knows when each agent's schedule falls due, with one timer for all of them. It starts nothing itself. The life of an entry:
 * planned → due → planned again → its event fires; late by over a minute: skipped or queued once more as a catch-up.
 */
export class Timers implements Disposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #queue = new DueQueue<Entry>();
  readonly #didFallDueEmitter: Emitter<DueHeartbeat>;
  readonly #didPlanEmitter: Emitter<PlannedHeartbeat>;
  #state: 'created' | 'started' | 'disposed' = 'created';
  #timer: { readonly handle: Disposable; readonly firesAt: number } | null = null;
  #seen: { readonly now: number; readonly monotonic: number };

  constructor({ clock, log }: { clock: Clock; log: Logger }) {
    this.#clock = clock;
    this.#log = log;
    this.#seen = { now: clock.now(), monotonic: clock.monotonic() };
    const onError = (error: unknown): void => {
      log.error('A listener of the timers failed', error);
    };
    this.#didFallDueEmitter = new Emitter(onError);
    this.#didPlanEmitter = new Emitter(onError);
  }

  /** Fires once for each heartbeat, after the next one was planned and announced. */
  get onDidFallDue(): Event<DueHeartbeat> {
    return this.#didFallDueEmitter.event;
  }

  /** Fires when an agent's next time is another one than its owner was told last: to be stored and given to `set` at the next start. */
  get onDidPlan(): Event<PlannedHeartbeat> {
    return this.#didPlanEmitter.event;
  }

  /** Begins to fire. What was missed until now is treated like after a sleep of the machine. */
  start(): void {
    if (this.#state !== 'created') return;
    this.#state = 'started';
    this.#arm();
  }

  dispose(): void {
    this.#state = 'disposed';
    this.#timer?.handle.dispose();
    this.#timer = null;
    this.#entries.clear();
    this.#didFallDueEmitter.dispose();
    this.#didPlanEmitter.dispose();
  }

  /**
   * Adds an agent or changes its policy. `plannedAt` is the next time (epoch ms) that the owner has stored; null for a new agent.
   * An unchanged schedule keeps its plan; a changed one counts from now.
   */
  set(agent: string, policy: HeartbeatPolicy, plannedAt: number | null): void {
    if (this.#state === 'disposed') return;
    this.#observeClock();
    const known = this.#entries.get(agent);
    const entry = known !== undefined && isSameSchedule(known.policy, policy) ? known : this.#toEntry(agent, policy);
    if (entry !== known) {
      if (known !== undefined) this.#queue.remove(known);
      this.#entries.set(agent, entry);
      this.#planFirst(entry, known === undefined ? plannedAt : null);
      this.#arm();
    }
    if (entry.plannedAt !== plannedAt) this.#announce(entry);
  }

  /** Forgets an agent; does nothing for an unknown one. */
  remove(agent: string): void {
    const entry = this.#entries.get(agent);
    if (entry === undefined) return;
    this.#queue.remove(entry);
    this.#entries.delete(agent);
    this.#arm();
  }

  #toEntry(agent: string, policy: HeartbeatPolicy): Entry {
    return {
      agent,
      policy,
      jitterMs: policy.enabled ? jitterMs(agent, periodMs(policy)) : 0,
      anchorAt: this.#clock.now(),
      plannedAt: null,
      servedAt: Number.NEGATIVE_INFINITY,
      catchUp: null,
      queuedFor: 0,
      queueIndex: -1,
    };
  }

  #planFirst(entry: Entry, storedAt: number | null): void {
    const now = this.#clock.now();
    if (storedAt === null) {
      // One whole period from now, not only the jitter of one that would have begun now.
      this.#plan(entry, now + entry.jitterMs);
      return;
    }
    entry.anchorAt = storedAt - entry.jitterMs;
    this.#plan(entry, storedAt - 1);
    // Not simply the stored time: it may be of another schedule, or of a clock that was ahead. An interval that is within
    // reach keeps its time, so that a restart moves nothing.
    const { policy, plannedAt } = entry;
    const reach = policy.cron === null ? now + policy.intervalSec * 1000 + entry.jitterMs : now;
    if (plannedAt !== null && plannedAt > reach) this.#plan(entry, now);
  }

  #plan(entry: Entry, after: number): void {
    const { policy, anchorAt } = entry;
    entry.catchUp = null;
    entry.plannedAt = nextDueAt(policy, { anchorAt, after, jitterMs: entry.jitterMs });
    this.#enqueue(entry, entry.plannedAt);
  }

  #enqueue(entry: Entry, queuedFor: number | null): void {
    this.#queue.remove(entry);
    if (queuedFor === null) return;
    entry.queuedFor = queuedFor;
    this.#queue.add(entry);
  }

  #announce({ agent, plannedAt }: Entry): void {
    this.#didPlanEmitter.fire({ agent, nextAt: plannedAt });
  }

  /** Sets the timer for whoever is first; one that fires soon enough is left alone. */
  #arm(): void {
    const first = this.#queue.first;
    if (this.#state !== 'started' || first === undefined) {
      this.#timer?.handle.dispose();
      this.#timer = null;
      return;
    }
    const delayMs = Math.min(Math.max(first.queuedFor - this.#clock.now(), 0), longestTimerMs);
    const firesAt = this.#clock.monotonic() + delayMs;
    if (this.#timer !== null && this.#timer.firesAt <= firesAt) return;
    this.#timer?.handle.dispose();
    this.#timer = { firesAt, handle: this.#clock.setTimeout(() => this.#tick(), delayMs) };
  }

  #tick(): void {
    this.#timer = null;
    this.#observeClock();
    const now = this.#clock.now();
    for (let first = this.#queue.first; first !== undefined && first.queuedFor <= now; first = this.#queue.first) {
      this.#serve(first, now);
    }
    this.#arm();
  }

  /** Leaves the entry queued for later than `now`, or ready to be served once more as a catch-up. */
  #serve(entry: Entry, now: number): void {
    const { agent, policy, plannedAt, catchUp } = entry;
    const isLate = now - entry.queuedFor > toleranceMs;
    if (plannedAt === null || isLate) {
      this.#handleMissed(entry, now);
      return;
    }
    const missed = catchUp?.missed ?? countDue(policy, { plannedAt, now, jitterMs: entry.jitterMs });
    entry.servedAt = Math.max(now, catchUp?.plannedAt ?? plannedAt);
    this.#planAfterServed(entry, now);
    this.#announce(entry);
    this.#didFallDueEmitter.fire({
      agent,
      plannedAt: catchUp?.plannedAt ?? plannedAt,
      missed,
      isCatchUp: catchUp !== null,
    });
  }

  #handleMissed(entry: Entry, now: number): void {
    const { plannedAt } = entry;
    const catchUp =
      plannedAt === null ? null : decideCatchUp(entry.policy, { plannedAt, now, jitterMs: entry.jitterMs });
    this.#plan(entry, now);
    if (catchUp === null) {
      this.#log.debug('Skipped missed heartbeats', { agent: entry.agent, plannedAt });
      this.#announce(entry);
      return;
    }
    // The owner keeps the first missed time: after a crash before the catch-up it is decided anew.
    const nextAt = entry.plannedAt ?? Number.POSITIVE_INFINITY;
    entry.plannedAt = plannedAt;
    entry.catchUp = catchUp;
    this.#enqueue(entry, Math.min(now + entry.jitterMs, nextAt));
  }

  /** Compares both clocks with when they were last read. A clock that was set back moves the plans. */
  #observeClock(): void {
    const seen = { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const jumpMs = seen.now - this.#seen.now - (seen.monotonic - this.#seen.monotonic);
    this.#seen = seen;
    if (Math.abs(jumpMs) <= toleranceMs) return;
    this.#log.info('The clock jumped', { jumpMs: Math.round(jumpMs) });
    if (jumpMs > 0) return;
    for (const entry of this.#entries.values()) this.#moveBack(entry, jumpMs);
  }

  /** Intervals go on waiting as long as they had to; cron follows the new clock, but what was served stays served for a day. */
  #moveBack(entry: Entry, jumpMs: number): void {
    const { plannedAt, catchUp } = entry;
    if (plannedAt === null) return;
    if (catchUp !== null) {
      this.#enqueue(entry, entry.queuedFor + jumpMs);
      return;
    }
    if (entry.policy.cron === null) {
      entry.anchorAt += jumpMs;
      entry.plannedAt = plannedAt + jumpMs;
      this.#enqueue(entry, entry.plannedAt);
    } else {
      this.#planAfterServed(entry, this.#clock.now());
    }
    if (entry.plannedAt !== plannedAt) this.#announce(entry);
  }

  #planAfterServed(entry: Entry, now: number): void {
    const isRecent = entry.servedAt - now < dayMs;
    this.#plan(entry, entry.policy.cron !== null && isRecent ? Math.max(now, entry.servedAt) : now);
  }
}
