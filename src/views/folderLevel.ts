import type { FolderConnection } from '../connection/connection.ts';
import type { FolderState } from '../connection/folderState.ts';
import type { Translate } from '../format.ts';
import { factList, treeNode, type TreeNode } from './treeNode.ts';

/** What a view needs to know of a connected folder. */
export type ViewedFolder = Pick<FolderConnection, 'name' | 'path' | 'status' | 'state'>;

/** What every row is built with: the wall clock (epoch ms) and the display language. */
export interface ViewSetting {
  readonly now: number;
  readonly t: Translate;
}

/** The rows of all folders; a level of folders stands above them only when there is more than one. */
export function withFolderLevel(
  folders: readonly ViewedFolder[],
  view: ViewSetting,
  rowsOf: (folder: ViewedFolder, state: FolderState) => TreeNode[],
): TreeNode[] {
  const shown = folders.filter((folder) => folder.state !== null || folder.status.kind === 'failed');
  if (folders.length <= 1)
    return shown.flatMap((folder) => (folder.state === null ? [] : rowsOf(folder, folder.state)));
  const rows = shown.map((folder) => ({ folder, children: folder.state === null ? [] : rowsOf(folder, folder.state) }));
  // Without a row in any folder the view's own words say what to do.
  if (rows.every(({ folder, children }) => children.length === 0 && folder.status.kind !== 'failed')) return [];
  return rows.map(({ folder, children }) => {
    const failed = folder.status.kind === 'failed';
    return treeNode({
      id: `folder:${folder.path}`,
      label: folder.name,
      description: folderText(folder, view),
      tooltip: factList(folder.name, [
        [view.t('Folder'), folder.path],
        [view.t('Runtime'), folder.status.kind === 'failed' ? folder.status.message : null],
      ]),
      icon: failed ? { id: 'debug-disconnect' } : { id: 'folder' },
      flags: failed ? 'folder failed' : 'folder',
      expanded: 'expanded',
      children,
      subject: { kind: 'folder', folder: folder.path },
    });
  });
}

function folderText({ status, state }: ViewedFolder, { t }: ViewSetting): string {
  if (status.kind === 'failed') return t('not connected');
  if (state?.configuration.status === 'missing') return t('no configuration');
  if (state?.configuration.status === 'invalid') return t('mistake in the configuration');
  return state?.runtime.isStopped === true ? t('stopped') : '';
}
