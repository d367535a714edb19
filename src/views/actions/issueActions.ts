import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import { issueStatuses, type Issue } from '../../runtime/model.ts';
import { issueUri } from '../documents/virtualDocuments.ts';
import { translate } from '../translate.ts';
import { issueStatusText } from '../words.ts';
import { allAgents, toSubject, type ActionContext } from './actionContext.ts';
import { tellWake } from './agentActions.ts';
import { selectedPlace, type SelectedPlace } from './editorSelection.ts';
import { agentItem, pick, pickFolder, pickIssue, type Item } from './pickers.ts';
import { placeText } from '../selectionText.ts';

/** Creates an issue, from the selection if there is one, and hands it to an agent if the user names one. */
export async function createIssue(context: ActionContext): Promise<void> {
  await newIssue(context, await selectedPlace(context.connections.folders));
}

/** Makes an issue from what is selected in the editor in front, and hands it to an agent. */
export async function assignSelection(context: ActionContext): Promise<void> {
  const place = await selectedPlace(context.connections.folders);
  if (place === null) {
    throw new UserError('refused', translate('Select something in a file of a connected folder first.'));
  }
  await newIssue(context, place);
}

/** Assigns an issue: the given one, one made from the editor's selection, or one that the user picks or writes. */
export async function assignIssue(context: ActionContext, given: unknown): Promise<void> {
  const place = toSubject(given) === null ? await selectedPlace(context.connections.folders) : null;
  if (place !== null) {
    await newIssue(context, place);
    return;
  }
  const chosen = await pickIssue(context, given, { placeHolder: vscode.l10n.t('Which issue?'), offerNew: true });
  if (chosen === 'new') await newIssue(context, null);
  else if (chosen !== undefined) await assign(context, chosen.folder, chosen.issue);
}

export async function setIssueStatus(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickIssue(context, given, { placeHolder: vscode.l10n.t('Which issue?'), offerNew: false });
  if (chosen === undefined || chosen === 'new') return;
  const { folder, issue } = chosen;
  const items = issueStatuses
    .filter((status) => status !== issue.status)
    .map((status) => ({ label: issueStatusText(status, translate), value: status }));
  const status = await pick(
    items,
    vscode.l10n.t(
      'Issue {0} is {1}. Change it to:',
      `#${String(issue.number)}`,
      issueStatusText(issue.status, translate),
    ),
  );
  if (status !== undefined) await folder.request('issue.setStatus', { issueId: issue.id, status });
}

/** Shows an issue as a readable document. */
export async function openIssue(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickIssue(context, given, { placeHolder: vscode.l10n.t('Which issue?'), offerNew: false });
  if (chosen === undefined || chosen === 'new') return;
  const document = await vscode.workspace.openTextDocument(issueUri(chosen.folder, chosen.issue));
  await vscode.window.showTextDocument(document, { preview: true });
}

/** Asks for what an issue needs and makes it; with a parent as a part of that. */
export async function newIssue(
  context: ActionContext,
  place: SelectedPlace | null,
  parent: { readonly folder: FolderConnection; readonly issue: Issue } | null = null,
): Promise<void> {
  const folder =
    parent?.folder ??
    place?.folder ??
    (await pickFolder(context, null, vscode.l10n.t('An issue in which folder?'), (one) => one.state !== null));
  if (folder === undefined) return;
  const title = await askTitle(place);
  if (title === undefined) return;
  const assignee = await pickAssignee(context, folder, null);
  if (assignee === undefined) return;
  const { issue, wake } = await folder.request('issue.create', {
    title,
    ...(assignee === null ? {} : { assignee }),
    ...(place === null ? {} : { location: place.location }),
    ...(parent === null ? {} : { parentId: parent.issue.id }),
  });
  if (wake !== null) tellWake(wake);
  else vscode.window.setStatusBarMessage(vscode.l10n.t('Issue {0} was created', `#${String(issue.number)}`), 6000);
}

async function askTitle(place: SelectedPlace | null): Promise<string | undefined> {
  const prompt =
    place === null
      ? vscode.l10n.t('What is to be done?')
      : vscode.l10n.t('What is to be done at {0}? The issue keeps the selected text.', placeText(place.location));
  const title = await vscode.window.showInputBox({
    title: vscode.l10n.t('New issue'),
    prompt,
    value: place?.title ?? '',
    ignoreFocusOut: true,
    validateInput: (value) => {
      if (value.trim() === '') return vscode.l10n.t('Write a title, or press Escape.');
      return value.trim().length > 300 ? vscode.l10n.t('A title has at most 300 characters.') : undefined;
    },
  });
  return title?.trim();
}

async function assign(context: ActionContext, folder: FolderConnection, issue: Issue): Promise<void> {
  const agent = await pickAssignee(context, folder, issue);
  if (agent === undefined) return;
  const { wake } = await folder.request('issue.assign', { issueId: issue.id, agent });
  if (wake !== null) tellWake(wake);
}

/** The agent's key; null for nobody; undefined when the user leaves. */
function pickAssignee(
  context: ActionContext,
  folder: FolderConnection,
  issue: Issue | null,
): Promise<string | null | undefined> {
  const agents = allAgents(context).filter(
    (choice) => choice.folder === folder && choice.agent.key !== issue?.assignee,
  );
  const items: Item<string | null>[] = agents.map((choice) => ({
    ...agentItem(choice, context),
    value: choice.agent.key,
  }));
  const mayBeNobody = issue === null || issue.assignee !== null;
  if (mayBeNobody) items.push({ label: `$(circle-slash) ${vscode.l10n.t('Nobody')}`, description: '', value: null });
  return pick(items, vscode.l10n.t('Who works on it? The agent is woken with this issue.'));
}
