import { costOfRun, dayCostText, formatCost, runUsageText } from '../../costText.ts';
import type { AgentCard, DashboardState, IssueRow, RunRow, Tone } from '../../dashboardProtocol.ts';
import { formatOutcome, type Translate } from '../../format.ts';
import type { Agent, AgentDay, AgentStatus, Issue, IssueStatus, Run, RunStatus } from '../../runtime/model.ts';
import type { FolderState } from '../../connection/folderState.ts';
import { runsTodayText, scheduleText, statusOnly, statusText } from '../agentsModel.ts';
import type { ViewedFolder } from '../folderLevel.ts';
import { openIssues } from '../issuesModel.ts';
import { isActive } from '../runRow.ts';
import { situationOf, totalsOf } from '../situation.ts';
import { shorten } from '../treeNode.ts';
import { holdText, issueStatusText, priorityText, sourceText } from '../words.ts';

const recentRuns = 30;
const shownIssues = 100;

const agentTones: Record<AgentStatus, Tone> = {
  idle: 'neutral',
  running: 'active',
  paused: 'warning',
  error: 'bad',
  pending_approval: 'warning',
  terminated: 'neutral',
  absent: 'neutral',
};
const runTones: Record<RunStatus, Tone> = {
  queued: 'neutral',
  running: 'active',
  succeeded: 'good',
  failed: 'bad',
  timed_out: 'bad',
  cancelled: 'neutral',
};
const issueTones: Record<IssueStatus, Tone> = {
  todo: 'neutral',
  in_progress: 'active',
  in_review: 'active',
  blocked: 'warning',
  done: 'good',
  cancelled: 'neutral',
};

const pausable: readonly AgentStatus[] = ['idle', 'running', 'error'];

/** What the dashboard is made from. */
export interface DashboardSource {
  readonly folders: readonly ViewedFolder[];
  readonly isTrusted: boolean;
  readonly t: Translate;
}

/** The whole state of the dashboard, in words; times stay numbers, because the page keeps them counting. */
export function dashboardState({ folders, isTrusted, t }: DashboardSource): DashboardState {
  const states = folders.flatMap(({ path, name, state }) => (state === null ? [] : [{ path, name, state }]));
  const totals = totalsOf(folders);
  const runs = states.flatMap((folder) => [...folder.state.runs.values()].map((run) => ({ folder, run })));
  const active = runs
    .filter(({ run }) => isActive(run))
    .sort((a, b) => activeOrder(a.run) - activeOrder(b.run) || a.run.number - b.run.number);
  const recent = runs
    .filter(({ run }) => !isActive(run))
    .sort((a, b) => (b.run.finishedAt ?? 0) - (a.run.finishedAt ?? 0));
  return {
    title: states.map(({ state, name }) => state.configuration.org ?? name).join(', '),
    connection: connectionLine(folders, t),
    situation: situationOf(folders),
    today: todayOfAll(
      states.flatMap(({ state }) => [...state.agents.values()].map((agent) => agent.today)),
      t,
    ),
    isTrusted,
    isStopped: totals.connected > 0 && totals.stopped === totals.connected,
    canStop: totals.connected > totals.stopped,
    showFolders: folders.length > 1,
    // Without trust nothing can be accepted: what stands in the way is trust.
    pending: (isTrusted ? states : []).flatMap((folder) =>
      folder.state.configuration.pending.map(({ agent, summary }) => ({
        folder: folder.path,
        agent,
        summary: shorten(summary, 300),
      })),
    ),
    agents: states.flatMap((folder) =>
      [...folder.state.agents.values()].map((agent) => agentCard(agent, { ...folder, isTrusted }, t)),
    ),
    active: active.map(({ folder, run }) => runRow(run, folder, t)),
    recent: recent.slice(0, recentRuns).map(({ folder, run }) => runRow(run, folder, t)),
    issues: states
      .flatMap((folder) => openIssues(folder.state.issues.values()).map((issue) => issueRow(issue, folder, t)))
      .slice(0, shownIssues),
  };
}

type Place = { readonly path: string; readonly name: string; readonly state: FolderState };

function activeOrder(run: Run): number {
  return run.status === 'running' ? 0 : 1;
}

function connectionLine(folders: readonly ViewedFolder[], t: Translate): DashboardState['connection'] {
  const failed = folders.find((folder) => folder.status.kind === 'failed');
  if (failed?.status.kind === 'failed') {
    return { text: t('Not connected: {0}', failed.status.message), tone: 'bad', canRetry: true };
  }
  if (folders.some(({ status }) => status.kind === 'connecting')) {
    return { text: t('Connecting…'), tone: 'warning', canRetry: false };
  }
  const connected = folders.filter(({ status }) => status.kind === 'connected').length;
  if (connected === 0) return { text: t('No runtime'), tone: 'neutral', canRetry: false };
  return { text: t('Connected'), tone: 'good', canRetry: false };
}

function agentCard(agent: Agent, folder: Place & { readonly isTrusted: boolean }, t: Translate): AgentCard {
  const mustReview = agent.consent === 'pending';
  const lastRun = agent.lastRunId === null ? undefined : folder.state.runs.get(agent.lastRunId);
  const isHeld = folder.state.runtime.isStopped || agent.isPaused || !agent.isRunnable;
  return {
    folder: folder.path,
    folderName: folder.name,
    key: agent.key,
    role: agent.role ?? '',
    status: statusText(agent, t),
    tone: mustReview && agent.status !== 'running' ? 'warning' : agentTones[agent.status],
    detail: agent.statusReason ?? '',
    nextHeartbeatAt: isHeld ? null : agent.nextHeartbeatAt,
    schedule: scheduleText(agent.heartbeat, t),
    lastRunAt: agent.lastRunAt,
    lastRun: lastRunText(agent, lastRun, t),
    today: todayOf(agent, t),
    ...offers(agent, folder.isTrusted),
  };
}

/** The page knows the time: it shows the figures only on their day. */
function todayOf({ today }: Agent, t: Translate): AgentCard['today'] {
  const runs = runsTodayText(today, today.from, t);
  if (runs === null) return null;
  const text = [runs, dayCostText([today], today.from, t)].filter(Boolean).join(', ');
  return { from: today.from, to: today.to, text };
}

/** What all agents did on the latest day of which any has figures. */
function todayOfAll(days: readonly AgentDay[], t: Translate): DashboardState['today'] {
  const from = Math.max(...days.map((day) => day.from));
  const today = days.filter((day) => day.from === from && day.runs > 0);
  const [first] = today;
  if (first === undefined) return null;
  const sum = (count: (day: AgentDay) => number): number => today.reduce((total, day) => total + count(day), 0);
  const all = {
    ...first,
    runs: sum(({ runs }) => runs),
    failedRuns: sum(({ failedRuns }) => failedRuns),
    runMs: sum(({ runMs }) => runMs),
  };
  const text = [runsTodayText(all, from, t), dayCostText(today, from, t)].filter(Boolean).join(', ');
  return { from, to: first.to, text };
}

/** What the card of an agent offers; an untrusted window may only pause and resume. */
function offers(
  agent: Agent,
  isTrusted: boolean,
): Pick<AgentCard, 'canWake' | 'canPause' | 'canResume' | 'mustReview'> {
  const isThere = agent.status !== 'absent' && agent.status !== 'terminated';
  return {
    canWake: isTrusted && agent.isRunnable && isThere,
    canPause: agent.isRunnable && !agent.isPaused && pausable.includes(agent.status),
    canResume: agent.isPaused,
    mustReview: isTrusted && agent.consent === 'pending',
  };
}

function lastRunText(agent: Agent, run: Run | undefined, t: Translate): string {
  if (run !== undefined && run.finishedAt !== null) return formatOutcome(run, t);
  if (agent.lastRunStatus === null) return t('never');
  return statusOnly(agent.lastRunStatus, t);
}

function runRow(run: Run, folder: Place, t: Translate): RunRow {
  const waiting =
    run.status === 'queued'
      ? `${t('queued')} · ${holdText(run.heldFor, t)}`
      : formatOutcome({ ...run, exitCode: null, signal: null }, t);
  return {
    folder: folder.path,
    folderName: folder.name,
    id: run.id,
    number: run.number,
    agent: run.agent,
    reason: run.reason === '' ? sourceText(run.source, t) : shorten(run.reason, 200),
    status: run.isCancelling && isActive(run) ? t('cancelling…') : waiting,
    tone: runTones[run.status],
    queuedAt: run.queuedAt,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    exit: run.signal ?? (run.exitCode === null ? '' : String(run.exitCode)),
    cost: costOfRun(run.usage).costMicros === null ? '' : formatCost(costOfRun(run.usage), t),
    usage: run.usage === null ? '' : runUsageText(run.usage, t),
    message: run.message ?? '',
    canCancel: isActive(run) && !run.isCancelling,
  };
}

function issueRow(issue: Issue, folder: Place, t: Translate): IssueRow {
  return {
    folder: folder.path,
    folderName: folder.name,
    id: issue.id,
    title: `#${String(issue.number)} ${issue.title}`,
    status: issueStatusText(issue.status, t),
    tone: issueTones[issue.status],
    assignee: issue.assignee ?? '',
    priority: issue.priority === 'medium' ? '' : priorityText(issue.priority, t),
    updatedAt: issue.updatedAt,
  };
}
