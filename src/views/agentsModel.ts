import type { FolderState } from '../connection/folderState.ts';
import { dayCostText, shortDayCost } from '../costText.ts';
import { formatAhead, formatDuration, formatOutcome, formatRelativeTime, type Translate } from '../format.ts';
import type { Agent, AgentDay, AgentSkips, AgentStatus, HeartbeatPolicy, Run, RunStatus } from '../runtime/model.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { isActive, runRow } from './runRow.ts';
import { missingSecrets, secretsText } from './secretsModel.ts';
import { sessionRows, type SessionsByFolder } from './sessionsModel.ts';
import { factList, shorten, treeNode, type TreeIcon, type TreeNode } from './treeNode.ts';
import { agentStatusText, skipText } from './words.ts';

const icons: Record<AgentStatus, TreeIcon> = {
  idle: { id: 'circle-outline' },
  running: { id: 'sync~spin', color: 'charts.blue' },
  paused: { id: 'debug-pause', color: 'charts.yellow' },
  error: { id: 'error', color: 'testing.iconFailed' },
  pending_approval: { id: 'shield', color: 'charts.yellow' },
  terminated: { id: 'circle-slash' },
  absent: { id: 'question' },
};

const dayMs = 24 * 60 * 60 * 1000;

/** Settled runs below an agent; the Runs view has all of them. */
const recentRuns = 3;

/** The Agents view: each agent with its running and queued runs, then its last ones, then its sessions, below it. */
export function agentRows(
  folders: readonly ViewedFolder[],
  view: ViewSetting,
  sessions: SessionsByFolder = new Map(),
): TreeNode[] {
  return withFolderLevel(folders, view, (folder, state) =>
    [...state.agents.values()].map((agent) => agentRow(agent, { folder: folder.path, state, sessions }, view)),
  );
}

function agentRow(
  agent: Agent,
  place: { readonly folder: string; readonly state: FolderState; readonly sessions: SessionsByFolder },
  view: ViewSetting,
): TreeNode {
  const { folder, state } = place;
  const runs = [...state.runs.values()].filter((run) => run.agent === agent.key).sort((a, b) => a.number - b.number);
  const active = runs.filter(isActive);
  const shown = [
    ...active,
    ...runs
      .filter((run) => !isActive(run))
      .reverse()
      .slice(0, recentRuns),
  ];
  const children = [
    ...shown.map((run) => runRow(run, { folder, under: 'agent', state }, view)),
    ...sessionRows(agent, place, view),
  ];
  return treeNode({
    id: `agent:${folder}:${agent.key}`,
    label: agent.key,
    description: describe(agent, active, state, view),
    tooltip: tooltip(agent, state, view),
    icon: agent.consent === 'pending' && agent.status !== 'running' ? icons.pending_approval : icons[agent.status],
    flags: [
      'agent',
      agent.status,
      agent.isRunnable ? 'runnable' : 'blocked',
      agent.consent === 'pending' ? 'pendingReview' : 'reviewed',
      ...(agent.isTripped ? ['tripped'] : []),
      ...(missingSecrets(state, agent.key).length > 0 ? ['lacksSecret'] : []),
      ...(agent.isPaused && agent.status !== 'paused' ? ['paused'] : []),
    ].join(' '),
    // Open or closed is the user's: the editor would not open a row by itself that had no arrow before.
    expanded: children.length > 0 ? 'collapsed' : 'none',
    children,
    subject: { kind: 'agent', folder, agent: agent.key },
    command: agent.consent === 'pending' ? 'reveille.configuration.review' : 'reveille.agent.openTranscript',
  });
}

function describe(agent: Agent, active: readonly Run[], state: FolderState, { now, t }: ViewSetting): string {
  const parts = [statusText(agent, t)];
  if (agent.isPaused && agent.status === 'running') parts.push(t('paused after this'));
  if (isLimited(agent, now)) parts.push(t('limit reached, tries again at {0}', formatAhead(agent.limitedUntil, now)));
  if (active.some((run) => run.waitingSince !== null)) parts.push(t('waiting for you'));
  if (active.some((run) => run.stalledSince !== null)) parts.push(t('says nothing'));
  const queued = active.filter((run) => run.status === 'queued').length;
  if (queued > 0) parts.push(t('{0} queued', queued));
  else if (agent.status === 'idle' || agent.status === 'error') parts.push(badEnd(agent, state, t));
  if (agent.nextHeartbeatAt !== null && canBeat(agent) && !state.runtime.isStopped)
    parts.push(t('next {0}', formatRelativeTime(Math.max(agent.nextHeartbeatAt, now), now, t)));
  const cost = shortDayCost([agent.today], now, t);
  if (cost !== null) parts.push(t('{0} today', cost));
  return parts.filter(Boolean).join(' · ');
}

/** Whether its provider lets nothing through, as far as known. */
function isLimited(agent: Agent, now: number): agent is Agent & { readonly limitedUntil: number } {
  return agent.limitedUntil !== null && agent.limitedUntil > now;
}

/** How the last run ended, if that is worth a word. */
function badEnd(agent: Agent, state: FolderState, t: Translate): string {
  if (agent.lastRunStatus === null || agent.lastRunStatus === 'succeeded') return '';
  const run = agent.lastRunId === null ? undefined : state.runs.get(agent.lastRunId);
  return t('last run {0}', run === undefined ? statusOnly(agent.lastRunStatus, t) : formatOutcome(run, t));
}

/** The outcome of a run of which only the status is known. */
export function statusOnly(status: RunStatus, t: Translate): string {
  return formatOutcome({ status, startedAt: null, finishedAt: null, exitCode: null, signal: null }, t);
}

function canBeat(agent: Agent): boolean {
  return (
    agent.isRunnable &&
    !agent.isPaused &&
    (agent.status === 'idle' || agent.status === 'running' || agent.status === 'error')
  );
}

/** Where an agent stands, in words. A definition that waits for review is said even while an older one runs. */
export function statusText(agent: Agent, t: Translate): string {
  if (agent.consent === 'pending') {
    return agent.isRunnable
      ? `${agentStatusText(agent.status, t)} · ${t('change waits for your review')}`
      : t('waits for your review');
  }
  if (agent.isTripped && agent.status === 'paused') return t('stopped itself');
  return agentStatusText(agent.status, t);
}

function tooltip(agent: Agent, state: FolderState, { now, t }: ViewSetting): string {
  return factList(agent.key, [
    [t('Role'), agent.role],
    [t('Goal'), agent.goal],
    [
      t('Status'),
      agent.statusReason === null ? statusText(agent, t) : `${statusText(agent, t)} (${agent.statusReason})`,
    ],
    [t('Limit'), isLimited(agent, now) ? t('reached, tries again at {0}', formatAhead(agent.limitedUntil, now)) : null],
    [t('Runs'), shorten(agent.commandLine, 160)],
    [t('In'), agent.cwd],
    [t('Secrets'), secretsText(state, agent.key, t)],
    [t('Schedule'), scheduleText(agent.heartbeat, t)],
    [t('Heartbeats'), namedText(agent)],
    [t('Quiet hours'), agent.heartbeat.quietHours],
    [t('Starts nothing'), skippingText(agent.heartbeat)],
    [
      t('Next heartbeat'),
      agent.nextHeartbeatAt === null || state.runtime.isStopped
        ? null
        : new Date(agent.nextHeartbeatAt).toLocaleString(),
    ],
    [t('Time limit'), agent.timeoutSec === 0 ? t('none') : formatDuration(agent.timeoutSec * 1000)],
    [t('Last run'), agent.lastRunAt === null ? t('never') : formatRelativeTime(agent.lastRunAt, now, t)],
    [t('Runs today'), runsTodayText(agent.today, now, t)],
    [t('Cost today'), dayCostText([agent.today], now, t)],
    [t('Skipped today (UTC)'), skipsText(agent.skips, now, t)],
    [t('Saved today (UTC)'), savedText(agent.skips, now, t)],
    [t('Reports to'), agent.reportsTo],
  ]);
}

/** What an agent did today; null where the figures are of another day. */
export function runsTodayText(today: AgentDay, now: number, t: Translate): string | null {
  const { from, to, runs, failedRuns, runMs } = today;
  if (now < from || now >= to || runs === 0) return null;
  const count = failedRuns === 0 ? String(runs) : t('{0} ({1} failed)', runs, failedRuns);
  return `${count}, ${formatDuration(runMs)}`;
}

/** Which scheduled heartbeats came to nothing today, and why; null if none did. */
function skipsText({ day, counts }: AgentSkips, now: number, t: Translate): string | null {
  if (day !== Math.floor(now / dayMs) || counts.length === 0) return null;
  const [only, ...others] = counts;
  if (only !== undefined && others.length === 0) return `${String(only.skips)} (${skipText(only.reason, t)})`;
  const total = counts.reduce((sum, { skips }) => sum + skips, 0);
  return `${String(total)} (${counts.map(({ reason, skips }) => `${String(skips)} ${skipText(reason, t)}`).join(', ')})`;
}

/** What settings have saved today. What a run would have cost is not known before it ran. */
function savedText({ day, counts }: AgentSkips, now: number, t: Translate): string | null {
  if (day !== Math.floor(now / dayMs)) return null;
  const saved = counts
    .filter(({ reason }) => reason === 'quiet_hours' || reason === 'nothing_to_do')
    .reduce((sum, { skips }) => sum + skips, 0);
  return saved === 0 ? null : t('{0} runs not started; their cost is not known', saved);
}

/** The settings by which scheduled heartbeats come to nothing, as the configuration has them; null without one. */
function skippingText({ skipWhenIdle, onlyIf }: HeartbeatPolicy): string | null {
  if (!skipWhenIdle) return null;
  return onlyIf.length === 0 ? 'skipWhenIdle' : `skipWhenIdle, onlyIf: ${onlyIf.join(', ')}`;
}

/** The heartbeats that an agent has in common with others. */
function namedText({ heartbeat, namedHeartbeats }: Agent): string | null {
  if (!heartbeat.enabled || namedHeartbeats.length === 0) return null;
  return namedHeartbeats
    .map(({ name, cron, timezone }) => `${name}: ${cron}${timezone === null ? '' : ` (${timezone})`}`)
    .join(', ');
}

/** When an agent wakes by itself, in words. */
export function scheduleText(heartbeat: HeartbeatPolicy, t: Translate): string {
  if (!heartbeat.enabled) return t('none; it wakes when asked');
  if (heartbeat.cron !== null) {
    return heartbeat.timezone === null ? heartbeat.cron : `${heartbeat.cron} (${heartbeat.timezone})`;
  }
  return heartbeat.intervalSec > 0
    ? t('every {0}', formatDuration(heartbeat.intervalSec * 1000))
    : t('none; it wakes when asked');
}
