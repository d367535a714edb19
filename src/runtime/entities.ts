import type { AgentRow } from './store/agentTable.ts';
import { countRuns } from './store/runTable.ts';
import type { Reader } from './store/store.ts';
import type { Agent, AgentStatus } from './model.ts';

/** What clients see of an agent: its row, and what follows from its runs. */
export function toAgent(
  row: AgentRow,
  context: { readonly reader: Reader; readonly isPending: boolean; readonly commandLine: string },
): Agent {
  const { definition } = row;
  return {
    key: row.key,
    role: definition.role,
    goal: definition.goal,
    reportsTo: definition.reportsTo,
    adapter: definition.adapter,
    status: statusOf(row, countRuns(context.reader, row.key, 'running')),
    statusReason: row.isAbsent ? 'It is missing from the configuration.' : row.stateReason,
    consent: context.isPending ? 'pending' : 'accepted',
    isRunnable: row.isEnforced,
    commandLine: context.commandLine,
    cwd: definition.cwd,
    timeoutSec: definition.timeoutSec,
    heartbeat: definition.heartbeat,
    nextHeartbeatAt: row.nextHeartbeatAt,
    lastRunId: row.lastRunId,
    lastRunStatus: row.lastRunStatus,
    lastRunAt: row.lastRunAt,
  };
}

function statusOf(row: AgentRow, running: number): AgentStatus {
  if (running > 0) return 'running';
  if (row.isAbsent) return 'absent';
  if (row.state !== 'active') return row.state;
  if (!row.isEnforced) return 'pending_approval';
  return row.lastRunStatus === 'failed' || row.lastRunStatus === 'timed_out' ? 'error' : 'idle';
}
