import type { Clock } from '../clock.ts';
import { Emitter, type Event } from '../events.ts';
import type { Disposable } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { countDue, decideCatchUp, type CatchUp } from './catchUp.ts';
import { isSameSchedule, nextDueAt, periodMs, type Schedule } from './due.ts';
import { DueQueue, type Queued } from './dueQueue.ts';
import { jitterMs } from './jitter.ts';

/** A time of a schedule that has come. */
export interface DueHeartbeat {
  readonly id: string;
  /** The time that it stands for, epoch ms; of a catch-up the latest one missed. */
  readonly plannedAt: number;
  /** The first time that it stands for. */
  readonly firstAt: number;
  /** Heartbeats that it makes up for and that had no event of their own; of a catch-up all that were missed. At most 100. */
  readonly missed: number;
  readonly isCatchUp: boolean;
}

/** Times of a schedule that passed unserved and are not caught up with. */
export interface MissedHeartbeats {
  readonly id: string;
  /** Epoch ms. */
  readonly firstAt: number;
  /** At most 100. */
  readonly missed: number;
}

/** The clock on the wall went on by another amount than was waited for: a sleep, a halt, or somebody set it. */
export interface ClockGap {
  /** What it showed before, and what it shows now; epoch ms. */
  readonly from: number;
  readonly to: number;
  /** By how much it moved too far; negative if it was set back. */
  readonly gapMs: number;
}

export interface PlannedHeartbeat {
  readonly id: string;
  /** Epoch ms; null if nothing is planned. */
  readonly nextAt: number | null;
}

interface Entry extends Queued {
  readonly id: string;
  policy: Schedule;
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
 * Knows when each schedule, known by an id, falls due, with one timer for all of them. It starts nothing itself. The life of an entry:
 * planned → due → planned again → its event fires; late by over a minute: skipped or queued once more as a catch-up.
 */
export class Timers implements Disposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #queue = new DueQueue<Entry>();
  readonly #didFallDueEmitter: Emitter<DueHeartbeat>;
  readonly #didPlanEmitter: Emitter<PlannedHeartbeat>;
  readonly #didMissEmitter: Emitter<MissedHeartbeats>;
  readonly #didFindGapEmitter: Emitter<ClockGap>;
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
    this.#didMissEmitter = new Emitter(onError);
    this.#didFindGapEmitter = new Emitter(onError);
  }

  /** Fires once for each heartbeat, after the next one was planned and announced. */
  get onDidFallDue(): Event<DueHeartbeat> {
    return this.#didFallDueEmitter.event;
  }

  /** Fires when a schedule's next time is another one than its owner was told last: to be stored and given to `set` at the next start. */
  get onDidPlan(): Event<PlannedHeartbeat> {
    return this.#didPlanEmitter.event;
  }

  /** Fires when times were missed and are given up; what is caught up with falls due instead. */
  get onDidMiss(): Event<MissedHeartbeats> {
    return this.#didMissEmitter.event;
  }

  /** Fires when the clock on the wall moved by over a minute more, or less, than was waited for. */
  get onDidFindGap(): Event<ClockGap> {
    return this.#didFindGapEmitter.event;
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
    this.#didMissEmitter.dispose();
    this.#didFindGapEmitter.dispose();
  }

  /**
   * Adds a schedule or changes it. `plannedAt` is the next time (epoch ms) that the owner has stored; null for a new one.
   * An unchanged schedule keeps its plan; a changed one counts from now.
   */
  set(id: string, policy: Schedule, plannedAt: number | null): void {
    if (this.#state === 'disposed') return;
    this.#observeClock();
    const known = this.#entries.get(id);
    const entry = known !== undefined && isSameSchedule(known.policy, policy) ? known : this.#toEntry(id, policy);
    entry.policy = policy;
    if (entry !== known) {
      if (known !== undefined) this.#queue.remove(known);
      this.#entries.set(id, entry);
      this.#planFirst(entry, known === undefined ? plannedAt : null);
      this.#arm();
    }
    if (entry.plannedAt !== plannedAt) this.#announce(entry);
  }

  /** Forgets a schedule; does nothing for an unknown one. */
  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#queue.remove(entry);
    this.#entries.delete(id);
    this.#arm();
  }

  #toEntry(id: string, policy: Schedule): Entry {
    return {
      id,
      policy,
      jitterMs: policy.enabled ? jitterMs(id, periodMs(policy)) : 0,
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

  #announce({ id, plannedAt }: Entry): void {
    this.#didPlanEmitter.fire({ id, nextAt: plannedAt });
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
    const lateMs = this.#timer === null ? 0 : this.#clock.monotonic() - this.#timer.firesAt;
    this.#timer = null;
    this.#observeClock(lateMs);
    const now = this.#clock.now();
    for (let first = this.#queue.first; first !== undefined && first.queuedFor <= now; first = this.#queue.first) {
      this.#serve(first, now);
    }
    this.#arm();
  }

  /** Leaves the entry queued for later than `now`, or ready to be served once more as a catch-up. */
  #serve(entry: Entry, now: number): void {
    const { id, policy, plannedAt, catchUp } = entry;
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
      id,
      plannedAt: catchUp?.plannedAt ?? plannedAt,
      firstAt: plannedAt,
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
      this.#announce(entry);
      if (plannedAt !== null) this.#tellMissed(entry, plannedAt, now);
      return;
    }
    // The owner keeps the first missed time: after a crash before the catch-up it is decided anew.
    const nextAt = entry.plannedAt ?? Number.POSITIVE_INFINITY;
    entry.plannedAt = plannedAt;
    entry.catchUp = catchUp;
    this.#enqueue(entry, Math.min(now + entry.jitterMs, nextAt));
  }

  #tellMissed({ id, policy, jitterMs: jitter }: Entry, firstAt: number, now: number): void {
    const missed = 1 + countDue(policy, { plannedAt: firstAt, now, jitterMs: jitter });
    this.#didMissEmitter.fire({ id, firstAt, missed });
  }

  /**
   * Compares both clocks with when they were last read. A clock that was set back moves the plans. Where the monotonic clock
   * goes on during a sleep, only the timer that came late (milliseconds) tells of it.
   */
  #observeClock(lateMs = 0): void {
    const from = this.#seen.now;
    const seen = { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const jumpMs = seen.now - this.#seen.now - (seen.monotonic - this.#seen.monotonic);
    this.#seen = seen;
    const gapMs = Math.round(jumpMs + lateMs);
    if (Math.abs(gapMs) > toleranceMs) {
      this.#log.info('The clock jumped', { gapMs });
      this.#didFindGapEmitter.fire({ from, to: seen.now, gapMs });
    }
    if (jumpMs >= -toleranceMs) return;
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
