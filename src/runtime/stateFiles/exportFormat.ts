import type { Issue, IssueComment, Run, RunStatus, Session } from '../model.ts';
import type { ActivityWithText } from '../store/activityTable.ts';
import type { AgentRow } from '../store/agentTable.ts';
import { costOfRun } from '../store/runCost.ts';
import type { SkipRow, UsageRow } from '../store/historyPages.ts';
import type { Wakeup } from '../store/wakeupTable.ts';

/**
 * How each thing looks in an exported state (docs/state-export.md, format 1). Never in it: what programs are told or write
 * (messages, comments, prompts, output), environment variables, command lines, and text that an issue quotes from a file.
 */
export const exportFormat = 1;

const dayMs = 24 * 60 * 60 * 1000;
const quarterMs = 15 * 60 * 1000;

/** A heartbeat's status in the words of the format. */
const heartbeatStatus: Record<RunStatus, string> = {
  queued: 'queued',
  running: 'running',
  succeeded: 'completed',
  failed: 'failed',
  timed_out: 'timed_out',
  cancelled: 'cancelled',
};

export function exportAgent(row: AgentRow): object {
  const { role, goal, reportsTo, adapter } = row.definition;
  return {
    role,
    budget: null,
    lastHeartbeat: toIso(row.lastRunAt),
    goal,
    reportsTo,
    adapter,
    state: row.state,
    stateReason: row.stateReason,
    isConfigured: !row.isAbsent,
    isAccepted: row.isEnforced,
    nextHeartbeat: toIso(row.nextHeartbeatAt),
    lastRun: row.lastRunId,
    lastRunStatus: row.lastRunStatus,
  };
}

/** The schedule of an agent with its last scheduled run; null for an agent that has none. */
export function exportHeartbeat(row: AgentRow, lastScheduled: Run | undefined): object | null {
  const { enabled, cron, intervalSec, timezone } = row.definition.heartbeat;
  if (!enabled || (cron === null && intervalSec === 0)) return null;
  return {
    schedule: cron ?? `every ${String(intervalSec)} s`,
    timezone,
    agents: [row.key],
    lastRun: toIso(lastScheduled?.finishedAt ?? lastScheduled?.startedAt ?? lastScheduled?.queuedAt ?? null),
    status: lastScheduled === undefined ? null : heartbeatStatus[lastScheduled.status],
  };
}

export function exportEvent(row: ActivityWithText): object {
  const { number, at, actor, action, target, agent, runId, result, costMicros } = row;
  return { timestamp: toIso(at), agent, action, result, costMicros, number, actor, target, run: runId };
}

export function exportIssue(issue: Issue): object {
  const { id, number, title, body, status, priority, assignee, location } = issue;
  const place = location && { path: location.path, startLine: location.startLine, endLine: location.endLine };
  const times = { createdAt: toIso(issue.createdAt), updatedAt: toIso(issue.updatedAt) };
  const { parentId: parent, blockedBy } = issue;
  return { id, number, title, body, status, priority, assignee, location: place, ...times, parent, blockedBy };
}

/** Without what it says: an agent was told it. */
export function exportComment({ id, number, issueId, author, runId, createdAt }: IssueComment): object {
  return { id, number, issue: issueId, author, run: runId, createdAt: toIso(createdAt) };
}

export function exportSession(session: Session): object {
  const { agent, taskKey, adapter, runs } = session;
  return { agent, taskKey, adapter, runs, createdAt: toIso(session.createdAt), updatedAt: toIso(session.updatedAt) };
}

export function exportRun(run: Run): object {
  const { id, number, agent, taskKey, issueId, source, reason, status, heldFor } = run;
  const { exitCode, signal, errorCode, message, logBytes } = run;
  return {
    id,
    number,
    agent,
    taskKey,
    issue: issueId,
    source,
    reason,
    status,
    heldFor,
    queuedAt: toIso(run.queuedAt),
    startedAt: toIso(run.startedAt),
    finishedAt: toIso(run.finishedAt),
    exitCode,
    signal,
    errorCode,
    message,
    logBytes,
    ...(costOfRun(run.usage) ?? { costMicros: null, costBasis: 'unknown' }),
    usage: run.usage,
  };
}

export function exportWakeup(wakeup: Wakeup): object {
  const { id, number, agent, taskKey, source, reason, text, issueId, status, statusReason, runId } = wakeup;
  return {
    id,
    number,
    agent,
    taskKey,
    source,
    reason,
    hasText: text !== null,
    issue: issueId,
    status,
    statusReason,
    run: runId,
    requestedAt: toIso(wakeup.requestedAt),
    endedAt: toIso(wakeup.endedAt),
  };
}

export function exportUsage({ quarter, model, issueId, ...row }: UsageRow): object {
  return { from: toIso(quarter * quarterMs), ...row, model: model || null, issue: issueId || null };
}

export function exportSkips({ day, agent, reason, skips }: SkipRow): object {
  return { day: new Date(day * dayMs).toISOString().slice(0, 10), agent, reason, skips };
}

export function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
