import type { FolderState } from '../connection/folderState.ts';
import type { HeartbeatRun, Run } from '../runtime/model.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { heartbeatSection } from './heartbeatsModel.ts';
import { runRow, type RunRowPlace } from './runRow.ts';
import { treeNode, type TreeNode } from './treeNode.ts';

/** Older runs of a folder that were asked for page by page. */
export interface OlderRuns {
  readonly runs: readonly Run[];
  /** False once the oldest run was reached. */
  readonly hasMore: boolean;
}

/** Settled runs in a snapshot; a folder that shows fewer has no older ones to load. */
const snapshotRuns = 50;

/** The runs of a folder, newest first, with the loaded older ones; what the mirror says wins over an old page. */
export function mergeRuns(state: FolderState, older: OlderRuns | undefined): Run[] {
  const byId = new Map<string, Run>();
  for (const run of older?.runs ?? []) byId.set(run.id, run);
  for (const run of state.runs.values()) byId.set(run.id, run);
  return [...byId.values()].sort((a, b) => b.number - a.number);
}

/** The Runs view: the queue, named heartbeats, then what has started, newest first, with a last row that loads older ones. */
export function runRows(
  folders: readonly ViewedFolder[],
  older: ReadonlyMap<string, OlderRuns>,
  view: ViewSetting,
  heartbeats: ReadonlyMap<string, readonly HeartbeatRun[]> = new Map(),
): TreeNode[] {
  return withFolderLevel(folders, view, (folder, state) => {
    const loaded = older.get(folder.path);
    const runs = mergeRuns(state, loaded);
    const place = { folder: folder.path, under: 'runs', state } as const;
    const started = runs.filter((run) => run.status !== 'queued').map((run) => runRow(run, place, view));
    const beats = heartbeats.get(folder.path) ?? [];
    // Without any row the editor says how to begin.
    if (runs.length === 0 && beats.length === 0) return [];
    const section = heartbeatSection(place, beats, view);
    const rows = [...queueSection(runs, place, view), ...section, ...started];
    const hasMore = loaded?.hasMore ?? runs.filter((run) => run.finishedAt !== null).length >= snapshotRuns;
    return hasMore ? [...rows, loadMoreRow(folder.path, view)] : rows;
  });
}

/** What is queued, in the order in which it may start; nothing when the queue is empty. */
function queueSection(runs: readonly Run[], place: RunRowPlace, view: ViewSetting): TreeNode[] {
  const queued = runs.filter((run) => run.status === 'queued');
  if (queued.length === 0) return [];
  queued.sort((a, b) => a.priority - b.priority || a.place - b.place);
  return [
    treeNode({
      id: `queue:${place.folder}`,
      label: view.t('Queue'),
      description: String(queued.length),
      spoken: queued.length === 1 ? view.t('Queue, 1 run') : view.t('Queue, {0} runs', queued.length),
      icon: { id: 'list-ordered' },
      flags: 'queue',
      children: queued.map((run) => runRow(run, place, view)),
      subject: { kind: 'folder', folder: place.folder },
    }),
  ];
}

function loadMoreRow(folder: string, { t }: ViewSetting): TreeNode {
  return treeNode({
    id: `more:${folder}`,
    label: t('Load more…'),
    icon: { id: 'ellipsis' },
    subject: { kind: 'folder', folder },
    command: 'reveille.run.loadMore',
  });
}
