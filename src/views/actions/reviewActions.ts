import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { PendingConsent } from '../../runtime/model.ts';
import { consentUri, parseAddress } from '../documents/virtualDocuments.ts';
import { shorten } from '../treeNode.ts';
import { folderOf, toSubject, type ActionContext } from './actionContext.ts';
import { pickFolder } from './pickers.ts';
import { reviewInList } from './reviewList.ts';
import { assertTrusted } from './trust.ts';

/** Definitions that one dialog can show in full; more are reviewed in a list. */
const mostInOneDialog = 6;

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
  await review(folder, pending);
}

/** Asks for the user's word on one agent. True when it was given. */
export async function reviewAgent(folder: FolderConnection, agent: string): Promise<boolean> {
  const pending = (folder.state?.configuration.pending ?? []).filter((one) => one.agent === agent);
  return (await review(folder, pending)).length > 0;
}

/** Accepts the definition that the diff in front shows. */
export async function acceptShownDefinition(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const address = given instanceof vscode.Uri ? parseAddress(given) : null;
  if (address === null) return;
  const accepted = await accept(folderOf(context, address.folder), [address.id]);
  if (accepted.length > 0) await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
}

function hasPending(folder: FolderConnection): boolean {
  return (folder.state?.configuration.pending.length ?? 0) > 0;
}

/** The agents whose definitions were accepted. */
async function review(folder: FolderConnection, pending: readonly PendingConsent[]): Promise<readonly string[]> {
  if (pending.length <= 1) return reviewEach(folder, pending);
  if (pending.length <= mostInOneDialog) return reviewTogether(folder, pending);
  const chosen = await reviewInList(folder, pending, (one) => showDefinition(folder, one));
  return chosen.length === 0 ? [] : accept(folder, chosen);
}

async function reviewTogether(
  folder: FolderConnection,
  pending: readonly PendingConsent[],
): Promise<readonly string[]> {
  const acceptAll = vscode.l10n.t('Accept All');
  const oneByOne = vscode.l10n.t('One by One…');
  const summaries = pending.map(({ agent, summary }) => `${agent}: ${shorten(summary, 600)}`);
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Let {0} agents in "{1}" run?', pending.length, folder.name),
    { modal: true, detail: [...summaries, caution()].join('\n\n') },
    acceptAll,
    oneByOne,
  );
  if (answer === oneByOne) return reviewEach(folder, pending);
  if (answer !== acceptAll) return [];
  return accept(
    folder,
    pending.map(({ hash }) => hash),
  );
}

async function reviewEach(folder: FolderConnection, pending: readonly PendingConsent[]): Promise<readonly string[]> {
  const acceptOne = vscode.l10n.t('Accept');
  const skip = vscode.l10n.t('Skip');
  const showChanges = vscode.l10n.t('Show Definition');
  const buttons = pending.length > 1 ? [acceptOne, showChanges, skip] : [acceptOne, showChanges];
  const accepted: string[] = [];
  for (const one of pending) {
    const answer = await vscode.window.showWarningMessage(
      question(folder, one),
      { modal: true, detail: [sentence(shorten(one.summary, 600)), caution()].join('\n\n') },
      ...buttons,
    );
    if (answer === showChanges) await showDefinition(folder, one);
    if (answer === showChanges || answer === undefined) return accepted;
    if (answer === acceptOne) accepted.push(...(await accept(folder, [one.hash])));
  }
  return accepted;
}

function question(folder: FolderConnection, { agent, before }: PendingConsent): string {
  return before === null
    ? vscode.l10n.t('Let agent "{0}" in "{1}" run?', agent, folder.name)
    : vscode.l10n.t('Accept the change of agent "{0}" in "{1}"?', agent, folder.name);
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

/** The agents whose definitions were accepted; says so when the file changed meanwhile. */
async function accept(folder: FolderConnection, hashes: readonly string[]): Promise<readonly string[]> {
  const { accepted } = await folder.request('configuration.accept', { hashes: [...hashes] });
  if (accepted.length === 0) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('The configuration changed meanwhile. Nothing was accepted; please review it again.'),
    );
    return [];
  }
  const told =
    accepted.length > 3
      ? vscode.l10n.t('Accepted {0} definitions', accepted.length)
      : vscode.l10n.t('Accepted: {0}', accepted.join(', '));
  vscode.window.setStatusBarMessage(told, 6000);
  return accepted;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}${/[.!?…]$/.test(summary) ? '' : '.'}`;
}

function caution(): string {
  return vscode.l10n.t('Agents run as you, with all your rights. Accept only what you would start yourself.');
}
