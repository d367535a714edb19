import type { SimulatedCollision, SimulatedDay, SimulatedSchedule } from '../insight.ts';
import { isQuiet } from '../quietHours.ts';
import { nextDueAt, periodMs, type Schedule } from './due.ts';
import { jitterMs } from './jitter.ts';

/** A schedule of an agent, with what its runs took so far. Times are epoch ms. */
export interface Plan {
  readonly agent: string;
  /** Tells schedules apart; its jitter follows from it. */
  readonly id: string;
  /** The name of a heartbeat that several agents have; null for the agent's own schedule. */
  readonly heartbeat: string | null;
  readonly schedule: Schedule;
  /** Its next time as it is planned, jitter included; null if none is. */
  readonly nextAt: number | null;
  readonly quietHours: string | null;
  readonly quietZone: string | null;
  readonly skipsWhenIdle: boolean;
  readonly onlyIf: SimulatedSchedule['onlyIf'];
  /** What keeps the agent from running now; such a schedule is taken to start nothing. */
  readonly obstacle: SimulatedSchedule['obstacle'];
  /** The directory that it alone may write to; null if it shares. */
  readonly cwd: string | null;
  readonly maxConcurrentRuns: number;
  /** What half of its last runs did not exceed; null if it never ran. */
  readonly runMs: number | null;
  /** Of one run, in micro-dollars; null if it is not known. */
  readonly costMicros: number | null;
  readonly isListPrice: boolean;
}

export interface PlannedDay {
  readonly date: string;
  readonly from: number;
  readonly to: number;
}

/** The times of one schedule. */
export interface PlanTimes {
  readonly plan: Plan;
  /** In order; those in quiet hours are left out. */
  readonly times: readonly number[];
  readonly quiet: number;
  /** The times are known from the beginning until here; equals the end of the span if nothing was cut off. */
  readonly until: number;
}

const dayMs = 24 * 60 * 60 * 1000;
const shownTimes = 5;
const shownCollisions = 50;

/** When a schedule falls due within a span, its end exclusive; looks at `limit` times at most. */
export function timesOf(plan: Plan, { from, to, limit }: { from: number; to: number; limit: number }): PlanTimes {
  const { id, schedule, quietHours, quietZone } = plan;
  if (plan.obstacle !== null || !schedule.enabled) return { plan, times: [], quiet: 0, until: to };
  const jitter = jitterMs(id, periodMs(schedule));
  const isPlanned = plan.nextAt !== null && plan.nextAt >= from;
  const anchorAt = (isPlanned ? plan.nextAt : from + jitter) - jitter;
  const dueAfter = (after: number): number | null => nextDueAt(schedule, { anchorAt, after, jitterMs: jitter });
  const times: number[] = [];
  let quiet = 0;
  let next = isPlanned ? plan.nextAt : dueAfter(from + jitter);
  for (let looked = 0; next !== null && next < to; looked += 1) {
    if (looked === limit) return { plan, times, quiet, until: next };
    if (isQuiet(quietHours, quietZone, next)) quiet += 1;
    else times.push(next);
    next = dueAfter(next);
  }
  return { plan, times, quiet, until: to };
}

/** What a schedule comes to in the whole span; beyond what was looked at, it goes on like in the last day of it. */
export function summarize(found: PlanTimes, days: readonly PlannedDay[]): SimulatedSchedule {
  const { plan, times, until } = found;
  const { agent, heartbeat, obstacle, skipsWhenIdle, onlyIf, runMs, costMicros, isListPrice } = plan;
  const starts = days.reduce((sum, day) => sum + startsOn(found, day), 0);
  const next = times.slice(0, shownTimes);
  const isEstimated = until < (days.at(-1)?.to ?? 0) && obstacle === null;
  return {
    agent,
    heartbeat,
    obstacle,
    skipsWhenIdle,
    onlyIf,
    next,
    starts,
    quiet: found.quiet,
    isEstimated,
    runMs,
    costMicros,
    isListPrice,
  };
}

/** What all schedules come to day by day. What is not known of a run is counted beside the sum, never as 0. */
export function sumDays(all: readonly PlanTimes[], days: readonly PlannedDay[]): SimulatedDay[] {
  return days.map((day) => {
    const sum = { starts: 0, runMs: 0, withoutTime: 0, costMicros: 0, isListPrice: false, withoutCost: 0 };
    for (const found of all) {
      const starts = startsOn(found, day);
      const { runMs, costMicros, isListPrice } = found.plan;
      sum.starts += starts;
      if (runMs === null) sum.withoutTime += starts;
      else sum.runMs += starts * runMs;
      if (costMicros === null) sum.withoutCost += starts;
      else sum.costMicros += starts * costMicros;
      if (starts > 0 && isListPrice) sum.isListPrice = true;
    }
    return { date: day.date, ...sum, runMs: Math.round(sum.runMs), costMicros: Math.round(sum.costMicros) };
  });
}

function startsOn({ times, until }: PlanTimes, day: PlannedDay): number {
  const known = countWithin(times, day.from, day.to);
  const unknownMs = day.to - Math.max(day.from, until);
  if (unknownMs <= 0) return known;
  const sampleFrom = Math.max(until - dayMs, times[0] ?? until);
  const perMs = until > sampleFrom ? countWithin(times, sampleFrom, until) / (until - sampleFrom) : 0;
  return known + Math.round(perMs * unknownMs);
}

function countWithin(times: readonly number[], from: number, to: number): number {
  return firstIndex(times, to) - firstIndex(times, from);
}

/** How many of them lie before a time. */
function firstIndex(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface SimulatedRun {
  readonly plan: Plan;
  readonly endsAt: number;
}

/**
 * What gets in each other's way while all times are known, if each run takes as long as the median of the agent's last ones
 * (of an agent that never ran: no time). What has to wait starts as soon as it may, in order.
 */
export function findCollisions(
  all: readonly PlanTimes[],
  slots: number,
): { readonly collisions: SimulatedCollision[]; readonly until: number } {
  const until = Math.min(...all.map((found) => found.until));
  const ticks = all.flatMap(({ plan, times }) => times.filter((at) => at < until).map((at) => ({ at, plan })));
  ticks.sort((a, b) => a.at - b.at);
  const floor = new Floor(slots);
  const found = new Map<string, SimulatedCollision>();
  for (const { at, plan } of ticks) {
    const obstacle = floor.arrive(plan, at);
    if (obstacle === null) continue;
    const key = JSON.stringify([plan.agent, obstacle.kind, obstacle.other]);
    const { count = 0, firstAt = at } = found.get(key) ?? {};
    found.set(key, { agent: plan.agent, ...obstacle, count: count + 1, firstAt });
  }
  const collisions = [...found.values()].sort((a, b) => b.count - a.count || a.firstAt - b.firstAt);
  return { collisions: collisions.slice(0, shownCollisions), until };
}

type Obstacle = Pick<SimulatedCollision, 'kind' | 'other'>;

/** What runs and what waits at the moment of the simulation. */
class Floor {
  readonly #slots: number;
  #running: SimulatedRun[] = [];
  #waiting: Plan[] = [];

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** A heartbeat falls due: starts it, or says what it waits for; `self`: it comes to nothing. */
  arrive(plan: Plan, at: number): Obstacle | null {
    this.#advance(at);
    if ([...this.#running.map((run) => run.plan), ...this.#waiting].includes(plan))
      return { kind: 'self', other: null };
    const obstacle = this.#obstacle(plan);
    if (obstacle === null) this.#start(plan, at);
    else this.#waiting.push(plan);
    return obstacle;
  }

  #advance(now: number): void {
    for (;;) {
      const at = Math.min(...this.#running.map(({ endsAt }) => endsAt));
      if (at > now) return;
      this.#running = this.#running.filter(({ endsAt }) => endsAt > at);
      for (const plan of this.#waiting.splice(0)) {
        if (this.#obstacle(plan) === null) this.#start(plan, at);
        else this.#waiting.push(plan);
      }
    }
  }

  #start(plan: Plan, at: number): void {
    this.#running.push({ plan, endsAt: at + (plan.runMs ?? 0) });
  }

  #obstacle(plan: Plan): Obstacle | null {
    const running = this.#running.map((run) => run.plan);
    if (running.filter(({ agent }) => agent === plan.agent).length >= plan.maxConcurrentRuns) {
      return { kind: 'agent', other: null };
    }
    const neighbour = plan.cwd === null ? undefined : running.find(({ cwd }) => cwd === plan.cwd);
    if (neighbour) return { kind: 'cwd', other: neighbour.agent };
    return running.length >= this.#slots ? { kind: 'slots', other: null } : null;
  }
}
