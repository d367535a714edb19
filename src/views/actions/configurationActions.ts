import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import type { PendingConsent } from '../../runtime/model.ts';
import { consentUri, parseAddress } from '../documents/virtualDocuments.ts';
import { translate } from '../translate.ts';
import { shorten } from '../treeNode.ts';
import { folderOf, toSubject, type ActionContext } from './actionContext.ts';
import { assertTrusted } from './agentActions.ts';
import { pickFolder } from './pickers.ts';
import { starterConfiguration } from './starterConfiguration.ts';

/** Definitions that one dialog can show in full; more are reviewed one by one. */
const mostInOneDialog = 6;

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

/** Shows what the configuration would execute and asks for the user's word, agent by agent or for all at once. */
export async function reviewConfiguration(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const subject = toSubject(given);
  const folder = await pickFolder(context, given, vscode.l10n.t('Review which folder?'), hasPending);
  if (folder === undefined) return;
  const all = folder.state?.configuration.pending ?? [];
  const pending = subject?.kind === 'agent' ? all.filter(({ agent }) => agent === subject.agent) : all;
  if (pending.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Nothing waits for your review.'));
    return;
  }
  if (pending.length > 1 && pending.length <= mostInOneDialog) await reviewTogether(folder, pending);
  else await reviewEach(folder, pending);
}

/** Accepts the definition that the diff in front shows. */
export async function acceptShownDefinition(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const address = given instanceof vscode.Uri ? parseAddress(given) : null;
  if (address === null) return;
  const folder = folderOf(context, address.folder);
  if (await accept(folder, [address.id])) await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
}

function hasPending(folder: FolderConnection): boolean {
  return (folder.state?.configuration.pending.length ?? 0) > 0;
}

async function reviewTogether(folder: FolderConnection, pending: readonly PendingConsent[]): Promise<void> {
  const acceptAll = vscode.l10n.t('Accept All');
  const oneByOne = vscode.l10n.t('One by One…');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Let {0} agents in "{1}" run?', pending.length, folder.name),
    { modal: true, detail: `${pending.map(describe).join('\n\n')}\n\n${caution()}` },
    acceptAll,
    oneByOne,
  );
  if (answer === acceptAll)
    await accept(
      folder,
      pending.map(({ hash }) => hash),
    );
  else if (answer === oneByOne) await reviewEach(folder, pending);
}

async function reviewEach(folder: FolderConnection, pending: readonly PendingConsent[]): Promise<void> {
  const acceptOne = vscode.l10n.t('Accept');
  const skip = vscode.l10n.t('Skip');
  const showChanges = vscode.l10n.t('Show Definition');
  for (const one of pending) {
    const question =
      one.before === null
        ? vscode.l10n.t('Let agent "{0}" in "{1}" run?', one.agent, folder.name)
        : vscode.l10n.t('Accept the change of agent "{0}" in "{1}"?', one.agent, folder.name);
    const buttons = pending.length > 1 ? [acceptOne, showChanges, skip] : [acceptOne, showChanges];
    const answer = await vscode.window.showWarningMessage(
      question,
      { modal: true, detail: `${describe(one)}\n\n${caution()}` },
      ...buttons,
    );
    if (answer === showChanges) {
      await showDefinition(folder, one);
      return;
    }
    if (answer === undefined) return;
    if (answer === acceptOne && !(await accept(folder, [one.hash]))) return;
  }
}

async function showDefinition(folder: FolderConnection, one: PendingConsent): Promise<void> {
  await vscode.commands.executeCommand(
    'vscode.diff',
    consentUri(folder, one, 'before'),
    consentUri(folder, one, 'after'),
    vscode.l10n.t('{0}: accepted definition ↔ definition to review', one.agent),
    { preview: true },
  );
}

async function accept(folder: FolderConnection, hashes: string[]): Promise<boolean> {
  const { accepted } = await folder.request('configuration.accept', { hashes });
  if (accepted.length === 0) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('The configuration changed meanwhile. Nothing was accepted; please review it again.'),
    );
    return false;
  }
  vscode.window.setStatusBarMessage(vscode.l10n.t('Accepted: {0}', accepted.join(', ')), 6000);
  return true;
}

function describe(one: PendingConsent): string {
  return `${one.agent}: ${shorten(one.summary, 600)}`;
}

function caution(): string {
  return vscode.l10n.t('Agents run as you, with all your rights. Accept only what you would start yourself.');
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
