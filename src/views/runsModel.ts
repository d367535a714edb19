import type { FolderState } from '../connection/folderState.ts';
import type { Run } from '../runtime/model.ts';
import { withFolderLevel, type ViewedFolder, type ViewSetting } from './folderLevel.ts';
import { runRow } from './runRow.ts';
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

/** The Runs view: newest first, with a last row that loads older ones. */
export function runRows(
  folders: readonly ViewedFolder[],
  older: ReadonlyMap<string, OlderRuns>,
  view: ViewSetting,
): TreeNode[] {
  return withFolderLevel(folders, view, (folder, state) => {
    const loaded = older.get(folder.path);
    const runs = mergeRuns(state, loaded);
    const rows = runs.map((run) => runRow(run, { folder: folder.path, under: 'runs', state }, view));
    const hasMore = loaded?.hasMore ?? runs.filter((run) => run.finishedAt !== null).length >= snapshotRuns;
    return hasMore ? [...rows, loadMoreRow(folder.path, view)] : rows;
  });
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
