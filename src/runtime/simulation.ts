import { setImmediate as pause } from 'node:timers/promises';
import { daysOf } from './localDays.ts';
import type { Simulation } from './insight.ts';
import { namedSchedules } from './namedSchedules.ts';
import { findCollisions, sumDays, summarize, timesOf, type Plan, type PlanTimes } from './scheduler/simulate.ts';
import { listAgents, type AgentRow } from './store/agentTable.ts';
import { findNamedNext } from './store/heartbeatTable.ts';
import { listLastRunTimes } from './store/runTable.ts';
import type { Reader } from './store/store.ts';
import { quarterMs, quarterOf, sumUsage } from './store/usageTable.ts';
import type { FolderFacts } from './wakeups/gate.ts';
import { obstacleOf } from './wakeups/explain.ts';
import { agentFacts } from './wakeups/gateFacts.ts';

const dayMs = 24 * 60 * 60 * 1000;
const spanMs = 7 * dayMs;
/** What a run costs is taken from this time. */
const historyMs = 30 * dayMs;
/** The run time of an agent is the median of this many runs. */
const sampleRuns = 20;
/** Times that are looked at, of all schedules together and of one: each costs some microseconds, one of a cron expression more. */
const mostTimes = 100_000;
const mostTimesOfOne = 3000;
const leastTimesOfOne = 20;

export interface SimulationOptions {
  readonly reader: Reader;
  /** Epoch ms. */
  readonly now: number;
  readonly slots: number;
  readonly facts: FolderFacts;
  /** IANA name: of the days that are summed up. */
  readonly timeZone: string;
}

/** What all schedules of the folder would start in the next seven days. Lets others work in between. */
export async function simulateSchedules(options: SimulationOptions): Promise<Simulation> {
  const { now: from, slots, timeZone } = options;
  const to = from + spanMs;
  const plans = gatherPlans(options);
  const days = daysOf({ from: quarterOf(from) * quarterMs, to: Math.ceil(to / quarterMs) * quarterMs }, timeZone).map(
    (day) => ({ ...day, to: Math.min(day.to, to) }),
  );
  const limit = Math.min(mostTimesOfOne, Math.max(leastTimesOfOne, Math.floor(mostTimes / plans.length)));
  const all: PlanTimes[] = [];
  for (const plan of plans) {
    all.push(timesOf(plan, { from, to, limit }));
    await pause();
  }
  const { collisions, until } = findCollisions(all, slots);
  const schedules = all.map((found) => summarize(found, days));
  return { from, to, slots, schedules, days: sumDays(all, days), collisions, collisionsUntil: Math.min(until, to) };
}

function gatherPlans(options: SimulationOptions): Plan[] {
  const { reader } = options;
  const agents = listAgents(reader);
  const rows = new Map(agents.map((row) => [row.key, row]));
  const own = agents
    .filter(({ definition: { heartbeat } }) => heartbeat.enabled && (heartbeat.cron ?? heartbeat.intervalSec) !== 0)
    .map((row) => ({
      ...commonOf(row, options),
      id: row.key,
      heartbeat: null,
      schedule: row.definition.heartbeat,
      nextAt: row.nextHeartbeatAt,
    }));
  const named = namedSchedules(agents).flatMap(({ id, name, schedule, members }) =>
    members.flatMap(({ agent }) => {
      const row = rows.get(agent);
      if (row?.definition.heartbeat.enabled !== true) return [];
      return [{ ...commonOf(row, options), id, heartbeat: name, schedule, nextAt: findNamedNext(reader, id) }];
    }),
  );
  return [...own, ...named];
}

type Common = Omit<Plan, 'id' | 'heartbeat' | 'schedule' | 'nextAt'>;

function commonOf(row: AgentRow, { reader, facts, now }: SimulationOptions): Common {
  const { key, definition } = row;
  const { heartbeat } = definition;
  return {
    agent: key,
    quietHours: heartbeat.quietHours,
    quietZone: heartbeat.timezone,
    skipsWhenIdle: heartbeat.skipWhenIdle,
    onlyIf: heartbeat.onlyIf,
    obstacle: obstacleOf({ ...facts, ...agentFacts(reader, facts, row, now) }),
    cwd: definition.shareCwd ? null : definition.cwd,
    maxConcurrentRuns: heartbeat.maxConcurrentRuns,
    runMs: median(listLastRunTimes(reader, key, sampleRuns)),
    ...costOf(reader, key, now),
  };
}

function median(values: readonly number[]): number | null {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
}

/** What a run of an agent cost on average, as far as it is known, and whether a part of that is by list price. */
function costOf(reader: Reader, agent: string, now: number): Pick<Plan, 'costMicros' | 'isListPrice'> {
  const quarters = { from: quarterOf(now - historyMs), to: quarterOf(now) + 1 };
  const { runs, runsWithoutCost, costMicros, listedMicros } = sumUsage(reader, quarters, agent);
  const known = runs - runsWithoutCost;
  return { costMicros: known > 0 ? costMicros / known : null, isListPrice: listedMicros > 0 };
}
