import type { FolderConnection } from '../connection/connection.ts';
import type { FolderState } from '../connection/folderState.ts';
import type { Translate } from '../format.ts';
import { treeNode, type TreeNode } from './treeNode.ts';

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
  return shown.map((folder) => {
    const children = folder.state === null ? [] : rowsOf(folder, folder.state);
    const failed = folder.status.kind === 'failed';
    return treeNode({
      id: `folder:${folder.path}`,
      label: folder.name,
      description: failed ? view.t('not connected') : '',
      icon: failed ? { id: 'debug-disconnect' } : { id: 'folder' },
      flags: failed ? 'folder failed' : 'folder',
      expanded: 'expanded',
      children,
      subject: { kind: 'folder', folder: folder.path },
    });
  });
}
