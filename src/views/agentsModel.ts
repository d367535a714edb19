import type { FolderState } from '../connection/folderState.ts';
import { formatDuration, formatOutcome, formatRelativeTime, type Translate } from '../format.ts';
import type { Agent, AgentStatus, HeartbeatPolicy } from '../runtime/model.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { isActive, runRow } from './runRow.ts';
import { factList, shorten, treeNode, type TreeIcon, type TreeNode } from './treeNode.ts';
import { agentStatusText } from './words.ts';

const icons: Record<AgentStatus, TreeIcon> = {
  idle: { id: 'circle-outline' },
  running: { id: 'sync~spin', color: 'charts.blue' },
  paused: { id: 'debug-pause', color: 'charts.yellow' },
  error: { id: 'error', color: 'testing.iconFailed' },
  pending_approval: { id: 'shield', color: 'charts.yellow' },
  terminated: { id: 'circle-slash' },
  absent: { id: 'question' },
};

/** The Agents view: each agent with its running and queued runs below it. */
export function agentRows(folders: readonly ViewedFolder[], view: ViewSetting): TreeNode[] {
  return withFolderLevel(folders, view, (folder, state) =>
    [...state.agents.values()].map((agent) => agentRow(agent, folder.path, state, view)),
  );
}

function agentRow(agent: Agent, folder: string, state: FolderState, view: ViewSetting): TreeNode {
  const runs = [...state.runs.values()]
    .filter((run) => run.agent === agent.key && isActive(run))
    .sort((a, b) => a.number - b.number);
  return treeNode({
    id: `agent:${folder}:${agent.key}`,
    label: agent.key,
    description: describe(agent, state, view),
    tooltip: tooltip(agent, state, view),
    icon: agent.consent === 'pending' && agent.status !== 'running' ? icons.pending_approval : icons[agent.status],
    flags: [
      'agent',
      agent.status,
      agent.isRunnable ? 'runnable' : 'blocked',
      agent.consent === 'pending' ? 'pendingReview' : 'reviewed',
    ].join(' '),
    expanded: runs.length > 0 ? 'expanded' : 'none',
    children: runs.map((run) => runRow(run, { folder, under: 'agent', state }, view)),
    subject: { kind: 'agent', folder, agent: agent.key },
    command: agent.consent === 'pending' ? 'reveille.configuration.review' : 'reveille.agent.openTranscript',
  });
}

function describe(agent: Agent, state: FolderState, { now, t }: ViewSetting): string {
  const parts = [statusText(agent, t)];
  if (agent.status === 'idle' && agent.lastRunStatus !== null && agent.lastRunStatus !== 'succeeded') {
    parts.push(
      t(
        'last run {0}',
        formatOutcome(
          { status: agent.lastRunStatus, startedAt: null, finishedAt: null, exitCode: null, signal: null },
          t,
        ),
      ),
    );
  }
  if (state.runtime.isStopped) parts.push(t('stopped'));
  else if (agent.nextHeartbeatAt !== null && canBeat(agent))
    parts.push(t('next {0}', formatRelativeTime(Math.max(agent.nextHeartbeatAt, now), now, t)));
  return parts.join(' · ');
}

function canBeat(agent: Agent): boolean {
  return agent.isRunnable && (agent.status === 'idle' || agent.status === 'running' || agent.status === 'error');
}

/** Where an agent stands, in words. A definition that waits for review is said even while an older one runs. */
export function statusText(agent: Agent, t: Translate): string {
  if (agent.consent === 'pending') {
    return agent.isRunnable
      ? `${agentStatusText(agent.status, t)} · ${t('change waits for your review')}`
      : t('waits for your review');
  }
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
    [t('Runs'), shorten(agent.commandLine, 160)],
    [t('In'), agent.cwd],
    [t('Schedule'), scheduleText(agent.heartbeat, t)],
    [
      t('Next heartbeat'),
      agent.nextHeartbeatAt === null || state.runtime.isStopped
        ? null
        : new Date(agent.nextHeartbeatAt).toLocaleString(),
    ],
    [t('Time limit'), agent.timeoutSec === 0 ? t('none') : formatDuration(agent.timeoutSec * 1000)],
    [t('Last run'), agent.lastRunAt === null ? t('never') : formatRelativeTime(agent.lastRunAt, now, t)],
    [t('Reports to'), agent.reportsTo],
  ]);
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
