import type { FolderState } from '../connection/folderState.ts';
import { heartbeatText, partText } from '../heartbeatText.ts';
import type { HeartbeatRun } from '../runtime/model.ts';
import type { ViewSetting } from './folderLevel.ts';
import { factList, treeNode, type TreeIcon, type TreeNode } from './treeNode.ts';

/** The last runs of named heartbeats, each with its agents below it; nothing in a folder that has no such heartbeat. */
export function heartbeatSection(
  { folder, state }: { readonly folder: string; readonly state: FolderState },
  heartbeats: readonly HeartbeatRun[],
  view: ViewSetting,
): TreeNode[] {
  const isUsed = [...state.agents.values()].some(({ namedHeartbeats }) => namedHeartbeats.length > 0);
  if (!isUsed && heartbeats.length === 0) return [];
  const open = heartbeats.filter(({ completedAt }) => completedAt === null).length;
  return [
    treeNode({
      id: `heartbeats:${folder}`,
      label: view.t('Heartbeats'),
      description: open === 0 ? '' : view.t('{0} under way', open),
      icon: { id: 'pulse' },
      flags: 'heartbeats',
      expanded: 'collapsed',
      children:
        heartbeats.length === 0
          ? [emptyRow(folder, view)]
          : heartbeats.map((one) => heartbeatRow(one, folder, state, view)),
      subject: { kind: 'folder', folder },
    }),
  ];
}

function emptyRow(folder: string, { t }: ViewSetting): TreeNode {
  return treeNode({
    id: `heartbeats-none:${folder}`,
    label: t('None has fallen due yet'),
    icon: { id: 'info' },
    subject: { kind: 'folder', folder },
  });
}

function heartbeatRow(heartbeat: HeartbeatRun, folder: string, state: FolderState, view: ViewSetting): TreeNode {
  const { id, name, plannedAt, triggeredAt, completedAt, parts } = heartbeat;
  const { now, t } = view;
  const time = (at: number): string => new Date(at).toLocaleString();
  return treeNode({
    id: `heartbeat:${folder}:${id}`,
    label: name,
    description: heartbeatText(heartbeat, now, t),
    tooltip: factList(name, [
      [t('Planned for'), time(plannedAt)],
      [t('Triggered'), time(triggeredAt)],
      [t('Completed'), completedAt === null ? null : time(completedAt)],
      [t('Agents'), parts.map(({ agent, outcome, runId }) => `${agent}: ${partText(outcome, runId, t)}`).join(', ')],
    ]),
    icon: iconOf(heartbeat),
    flags: 'heartbeat',
    expanded: 'collapsed',
    children: parts.map((part) => partRow(part, { id, folder, state }, view)),
    subject: { kind: 'heartbeat', folder, heartbeatId: id },
    command: 'reveille.heartbeat.open',
  });
}

function partRow(
  { agent, outcome, runId }: HeartbeatRun['parts'][number],
  { id, folder, state }: { readonly id: string; readonly folder: string; readonly state: FolderState },
  { t }: ViewSetting,
): TreeNode {
  const run = runId === null ? undefined : state.runs.get(runId);
  const said = partText(outcome, runId, t);
  return treeNode({
    id: `heartbeat-part:${folder}:${id}:${agent}`,
    label: agent,
    description: run === undefined ? said : `${said} · ${t('run {0}', run.number)}`,
    icon: outcomeIcon(outcome, runId),
    flags: 'part',
    subject: runId === null ? { kind: 'heartbeat', folder, heartbeatId: id } : { kind: 'run', folder, runId },
    command: runId === null ? 'reveille.heartbeat.open' : 'reveille.run.openLog',
  });
}

function iconOf({ parts, completedAt }: HeartbeatRun): TreeIcon {
  if (completedAt === null) return outcomeIcon(null, '');
  const started = parts.filter(({ runId }) => runId !== null);
  if (started.length === 0) return outcomeIcon('skipped', null);
  return outcomeIcon(started.every(({ outcome }) => outcome === 'succeeded') ? 'succeeded' : 'failed', '');
}

function outcomeIcon(outcome: string | null, runId: string | null): TreeIcon {
  if (outcome === null) return runId === null ? { id: 'clock' } : { id: 'sync~spin', color: 'charts.blue' };
  if (outcome === 'succeeded') return { id: 'pass', color: 'testing.iconPassed' };
  if (outcome === 'failed' || outcome === 'timed_out') return { id: 'error', color: 'testing.iconFailed' };
  return { id: 'circle-slash' };
}
