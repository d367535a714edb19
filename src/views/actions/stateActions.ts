import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { Orphan } from '../../connection/orphans.ts';
import { formatBytes } from '../../format.ts';
import { UserError } from '../../runtime/errors.ts';
import { plainLabel, plainMessage } from '../plainText.ts';
import { totalsOf } from '../situation.ts';
import {
  adoptConfirmation,
  blindRestoreConfirmation,
  deleteStateConfirmation,
  orphanText,
  proposedFileName,
  restoreConfirmation,
  type Confirmation,
} from '../../stateText.ts';
import { translate } from '../translate.ts';
import type { ActionContext } from './actionContext.ts';
import { pick, pickFolder } from './pickers.ts';
import { assertTrusted } from './trust.ts';

/** Writes the state of a folder into a file that any SQLite program opens. */
export async function backUpState(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickConnected(context, given, vscode.l10n.t('Back up the state of which folder?'));
  if (folder === undefined) return;
  const path = await askWhere(folder, { extension: 'sqlite', title: vscode.l10n.t('Back Up State'), kind: 'SQLite' });
  if (path === undefined) return;
  const { bytes } = await busy(vscode.l10n.t('Backing up the state of "{0}"…', folder.name), () =>
    folder.request('state.backUp', { path }),
  );
  const message = vscode.l10n.t(
    'The state of "{0}" is in {1} ({2}). Logs of runs and consents are not part of it.',
    folder.name,
    path,
    formatBytes(bytes),
  );
  await tellFile(message, path);
}

/** Writes the state of a folder as JSON, for other programs. */
export async function exportState(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickConnected(context, given, vscode.l10n.t('Export the state of which folder?'));
  if (folder === undefined) return;
  const path = await askWhere(folder, { extension: 'json', title: vscode.l10n.t('Export State'), kind: 'JSON' });
  if (path === undefined) return;
  const { bytes } = await busy(vscode.l10n.t('Exporting the state of "{0}"…', folder.name), () =>
    folder.request('state.export', { path }),
  );
  const message = vscode.l10n.t(
    'The state of "{0}" is in {1} ({2}), without messages, prompts and logs.',
    folder.name,
    path,
    formatBytes(bytes),
  );
  await tellFile(message, path);
}

/** Puts a backup in the place of a folder's state, after saying what is lost. */
export async function restoreState(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('Restore the state of which folder?'), isUsable);
  if (folder === undefined) return;
  assertTrusted();
  const path = await askBackup(folder.name);
  if (path === undefined) return;
  if (folder.status.kind === 'failed') return restoreDamaged(folder, path);
  const backup = await busy(vscode.l10n.t('Checking the backup…'), () =>
    folder.request('state.inspectBackup', { path }),
  );
  const target = { name: folder.name, path: folder.path, running: totalsOf([folder]).running };
  const confirmation = restoreConfirmation(target, backup, { now: Date.now(), t: translate });
  if (!(await confirm(confirmation, vscode.l10n.t('Restore')))) return;
  const { quarantine } = await busy(vscode.l10n.t('Restoring the state of "{0}"…', folder.name), () =>
    folder.request('state.restore', { path, digest: backup.digest }),
  );
  context.olderRuns.forget(folder.path);
  const done = vscode.l10n.t('The state of "{0}" is restored.', folder.name);
  const undo = vscode.l10n.t('To undo it, restore {0}.', quarantine ?? '');
  tell(quarantine === null ? done : `${done} ${undo}`);
}

async function restoreDamaged(folder: FolderConnection, path: string): Promise<void> {
  const confirmation = blindRestoreConfirmation(folder.name, basename(path), translate);
  if (await confirm(confirmation, vscode.l10n.t('Restore'))) folder.restoreFrom(path);
}

/** Gives a folder the state of one that was moved or lost. */
export async function adoptState(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('Which folder shall get an existing state?'));
  if (folder === undefined) return;
  assertTrusted();
  const orphan = await pickOrphan(await folder.listOrphans());
  if (orphan === undefined) return;
  const isEmpty = folder.state === null || (folder.state.runs.size === 0 && folder.state.issues.size === 0);
  const target = { name: folder.name, running: totalsOf([folder]).running, isEmpty };
  if (!(await confirm(adoptConfirmation(target, orphan, translate), vscode.l10n.t('Adopt')))) return;
  await busy(vscode.l10n.t('Adopting the state…'), () => folder.adopt(orphan.id));
  context.olderRuns.forget(folder.path);
  tell(vscode.l10n.t('"{0}" has the state that belonged to {1}.', folder.name, orphan.path));
}

async function pickOrphan(orphans: readonly Orphan[]): Promise<Orphan | undefined> {
  if (orphans.length === 0) {
    throw new UserError('not_found', translate('There is no state without a folder: all that exist are in use.'));
  }
  const now = Date.now();
  const items = orphans.map((orphan) => ({
    label: `$(${orphan.isLive ? 'lock' : 'archive'}) ${plainLabel(basename(orphan.path))}`,
    description: plainLabel(orphan.path),
    detail: orphanText(orphan, now, translate),
    value: orphan,
  }));
  const chosen = await pick(
    items,
    vscode.l10n.t('The state of which folder? It is not where it was, or has another state now.'),
  );
  if (chosen?.isLive !== true) return chosen;
  throw new UserError(
    'refused',
    translate(
      'A runtime still works with that state. Close the windows of its folder, or wait a minute, then try again.',
    ),
  );
}

/** Deletes everything that Reveille keeps of a folder. */
export async function deleteState(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickConnected(context, given, vscode.l10n.t('Delete the state of which folder?'));
  const storePath = folder?.state?.runtime.storePath;
  if (folder === undefined || storePath === undefined) return;
  const extent = await folder.request('deletion.preview', { target: { kind: 'state' } });
  const confirmation = deleteStateConfirmation({ name: folder.name, storePath }, extent, translate);
  if (!(await confirm(confirmation, vscode.l10n.t('Delete Everything')))) return;
  await busy(vscode.l10n.t('Deleting the state of "{0}"…', folder.name), () => folder.deleteState());
  context.olderRuns.forget(folder.path);
  tell(vscode.l10n.t('The state of "{0}" is deleted.', folder.name));
}

/** Asks with the consequences in sight. */
export async function confirm({ question, detail }: Confirmation, verb: string): Promise<boolean> {
  const options = { modal: true, detail: plainMessage(detail) };
  return (await vscode.window.showWarningMessage(plainMessage(question), options, verb)) === verb;
}

async function pickConnected(
  context: ActionContext,
  given: unknown,
  question: string,
): Promise<FolderConnection | undefined> {
  const folder = await pickFolder(context, given, question, (one) => one.status.kind === 'connected');
  if (folder !== undefined) assertTrusted();
  return folder;
}

function isUsable({ status }: FolderConnection): boolean {
  return status.kind === 'connected' || (status.kind === 'failed' && status.action === 'chooseState');
}

async function askWhere(
  folder: FolderConnection,
  { extension, title, kind }: { readonly extension: string; readonly title: string; readonly kind: string },
): Promise<string | undefined> {
  const name = proposedFileName(folder.name, extension, new Date());
  const uri = await vscode.window.showSaveDialog({
    title,
    // Not the workspace: what lies there is read by agents, and committed by accident.
    defaultUri: vscode.Uri.file(join(homedir(), name)),
    filters: { [kind]: [extension] },
    saveLabel: title,
  });
  return localPath(uri);
}

async function askBackup(name: string): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Restore the state of "{0}" from a backup', name),
    defaultUri: vscode.Uri.file(homedir()),
    canSelectMany: false,
    filters: { [vscode.l10n.t('Backups')]: ['sqlite', 'db'], [vscode.l10n.t('All files')]: ['*'] },
    openLabel: vscode.l10n.t('Check…'),
  });
  return localPath(chosen?.[0]);
}

function localPath(uri: vscode.Uri | undefined): string | undefined {
  if (uri === undefined || uri.scheme === 'file') return uri?.fsPath;
  throw new UserError('refused', translate('Choose a file on the machine that the agents run on.'));
}

function busy<T>(title: string, work: () => Promise<T>): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title };
  return Promise.resolve(vscode.window.withProgress(options, work));
}

function tell(message: string): void {
  void vscode.window.showInformationMessage(plainMessage(message));
}

async function tellFile(message: string, path: string): Promise<void> {
  const show = vscode.l10n.t('Show in Folder');
  const canShow =
    vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop && existsSync(path);
  const answer = await vscode.window.showInformationMessage(plainMessage(message), ...(canShow ? [show] : []));
  if (answer === show) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(path));
}
