import { hostDay } from './localDays.ts';
import { namedScheduleId } from './namedSchedules.ts';
import type { AgentRow } from './store/agentTable.ts';
import { findNamedNext } from './store/heartbeatTable.ts';
import { countRuns } from './store/runTable.ts';
import { listSkips, utcDay } from './store/skipTable.ts';
import type { Reader } from './store/store.ts';
import { knownCostOf, quarterOf, sumUsage } from './store/usageTable.ts';
import { limitedUntil, limitsOf, providerOf } from './wakeups/rateLimits.ts';
import type { Agent, AgentDay, AgentStatus } from './model.ts';

/** What clients see of an agent: its row, and what follows from its runs. */
export function toAgent(
  row: AgentRow,
  context: {
    readonly reader: Reader;
    readonly now: number;
    readonly isPending: boolean;
    readonly commandLine: string;
  },
): Agent {
  const { definition } = row;
  const { reader, now } = context;
  return {
    key: row.key,
    role: definition.role,
    goal: definition.goal,
    reportsTo: definition.reportsTo,
    adapter: definition.adapter,
    status: statusOf(row, countRuns(reader, row.key, 'running')),
    statusReason: row.isAbsent ? 'It is missing from the configuration.' : row.stateReason,
    consent: context.isPending ? 'pending' : 'accepted',
    isRunnable: row.isEnforced,
    commandLine: context.commandLine,
    cwd: definition.cwd,
    timeoutSec: definition.timeoutSec,
    retries: definition.retries,
    isTripped: row.state === 'tripped',
    isPaused: row.state === 'paused' || row.state === 'tripped',
    limitedUntil: limitedUntil(limitsOf(reader, providerOf(definition)), now),
    heartbeat: definition.heartbeat,
    namedHeartbeats: definition.namedHeartbeats,
    nextHeartbeatAt: nextHeartbeatOf(row, reader),
    lastRunId: row.lastRunId,
    lastRunStatus: row.lastRunStatus,
    lastRunAt: row.lastRunAt,
    today: dayOf(reader, row.key, now),
    skips: { day: utcDay(now), counts: listSkips(reader, row.key, utcDay(now)) },
  };
}

/** Epoch ms of the next heartbeat of an agent's own schedule or a named one; null if none is planned. */
export function nextHeartbeatOf({ definition, nextHeartbeatAt }: AgentRow, reader: Reader): number | null {
  const named = definition.heartbeat.enabled
    ? definition.namedHeartbeats.map((one) => findNamedNext(reader, namedScheduleId(one)))
    : [];
  const times = [nextHeartbeatAt, ...named].filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}

function dayOf(reader: Reader, agent: string, now: number): AgentDay {
  const { from, to } = hostDay(now);
  const usage = sumUsage(reader, { from: quarterOf(from), to: quarterOf(to) }, agent);
  const { runs, failedRuns, runMs, listedMicros, runsWithoutCost } = usage;
  return { from, to, runs, failedRuns, runMs, costMicros: knownCostOf(usage), listedMicros, runsWithoutCost };
}

function statusOf(row: AgentRow, running: number): AgentStatus {
  if (running > 0) return 'running';
  if (row.isAbsent) return 'absent';
  if (row.state !== 'active') return row.state === 'tripped' ? 'paused' : row.state;
  if (!row.isEnforced) return 'pending_approval';
  return row.lastRunStatus === 'failed' || row.lastRunStatus === 'timed_out' ? 'error' : 'idle';
}
