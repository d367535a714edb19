import { realpath } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { IssueLocation } from '../../runtime/model.ts';
import { titleFromSelection } from '../selectionText.ts';

const longestText = 4000;

/** What the user selected, as an issue keeps it. */
export interface SelectedPlace {
  readonly folder: FolderConnection;
  readonly location: IssueLocation;
  /** A title to begin with; empty when the selection is code, which says nothing about what is wanted. */
  readonly title: string;
}

/** The selection of the editor in front; null when there is none, or its file is in no connected folder. */
export async function selectedPlace(folders: readonly FolderConnection[]): Promise<SelectedPlace | null> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.selection.isEmpty || editor.document.uri.scheme !== 'file') return null;
  const workspaceFolder = vscode.workspace.getWorkspaceFolder(editor.document.uri);
  if (workspaceFolder === undefined) return null;
  const folder = await connectionOf(workspaceFolder, folders);
  if (folder === undefined) return null;
  const { selection, document } = editor;
  const path = vscode.workspace.asRelativePath(document.uri, false).replaceAll('\\', '/');
  const text = document.getText(selection).slice(0, longestText);
  const location = {
    path,
    startLine: selection.start.line,
    startCharacter: selection.start.character,
    endLine: selection.end.line,
    endCharacter: selection.end.character,
    text,
  };
  return { folder, location, title: titleFromSelection(text) };
}

/** A connection knows its folder by the real path, the editor by the one that was opened. */
async function connectionOf(
  folder: vscode.WorkspaceFolder,
  connections: readonly FolderConnection[],
): Promise<FolderConnection | undefined> {
  const opened = folder.uri.fsPath;
  const direct = connections.find((connection) => connection.path === opened);
  if (direct !== undefined) return direct;
  const real = await realpath(opened);
  return (
    connections.find((connection) => connection.path === real) ?? connections.find(({ name }) => name === folder.name)
  );
}
