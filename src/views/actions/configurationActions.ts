import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import { translate } from '../translate.ts';
import type { ActionContext } from './actionContext.ts';
import { pickFolder } from './pickers.ts';
import { starterConfiguration } from './starterConfiguration.ts';

/** Writes a commented starter configuration, unless there is one, and opens it. */
export async function createConfiguration(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('A configuration in which folder?'));
  if (folder === undefined) return;
  const uri = configurationUri(folder);
  if (!(await exists(uri)))
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(starterConfiguration(folder.name, translate)));
  await vscode.window.showTextDocument(uri);
  if (folder.status.kind === 'unused' || folder.status.kind === 'failed') folder.retry();
}

/** Opens the configuration, at its first mistake if it has one. */
export async function openConfiguration(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('The configuration of which folder?'));
  if (folder === undefined) return;
  const uri = configurationUri(folder);
  if (!(await exists(uri))) {
    throw new UserError(
      'configuration',
      translate('There is no configuration in {0} yet. "Reveille: Create Configuration" writes one.', folder.name),
    );
  }
  const problem = folder.state?.configuration.problems[0];
  const at =
    problem === undefined
      ? undefined
      : new vscode.Position(Math.max(0, problem.line - 1), Math.max(0, problem.column - 1));
  await vscode.window.showTextDocument(uri, at === undefined ? {} : { selection: new vscode.Range(at, at) });
}

function configurationUri(folder: FolderConnection): vscode.Uri {
  return vscode.Uri.joinPath(vscode.Uri.file(folder.path), '.reveille', 'reveille.yaml');
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}
