import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Issue } from '../../runtime/model.ts';
import { openIssues } from '../issuesModel.ts';
import { plainLabel, plainMessage } from '../plainText.ts';
import { placeText, reviewText } from '../selectionText.ts';
import { translate } from '../translate.ts';
import { issueStatusText } from '../words.ts';
import type { ActionContext } from './actionContext.ts';
import { selectedPlace } from './editorSelection.ts';
import { newIssue } from './issueActions.ts';
import { pick, pickIssue } from './pickers.ts';

interface Chosen {
  readonly folder: FolderConnection;
  readonly issue: Issue;
}

const maxCommentLength = 20_000;

/** Asks for a comment and writes it; says whom it wakes, and offers the way where a block holds that. */
export async function commentOnIssue(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await choose(context, given, vscode.l10n.t('Comment on which issue?'));
  if (chosen === undefined) return;
  await comment(chosen, (words) => words);
}

/** Says something about the selected lines to whoever works on an issue: the comment keeps the place and the lines as they are. */
export async function commentOnSelection(context: ActionContext): Promise<void> {
  const place = await selectedPlace(context.connections.folders);
  if (place === null) {
    throw new UserError('refused', translate('Select something in a file of a connected folder first.'));
  }
  const placeHolder = vscode.l10n.t('Comment on {0} in which issue?', placeText(place.location));
  const chosen = await pickIssue(context, null, { placeHolder, offerNew: false, folder: place.folder });
  if (chosen === undefined || chosen === 'new') return;
  await comment(chosen, (words) => reviewText(place.location, words));
}

async function comment({ folder, issue }: Chosen, toText: (words: string) => string): Promise<void> {
  const words = await vscode.window.showInputBox({
    title: vscode.l10n.t('Comment on issue {0}', `#${String(issue.number)}`),
    prompt: vscode.l10n.t('Its agent and each @agent that you name will read it.'),
    ignoreFocusOut: true,
    validateInput: (value) => {
      if (value.trim() === '') return vscode.l10n.t('Write something, or press Escape.');
      return toText(value).length > maxCommentLength
        ? vscode.l10n.t('A comment has at most 20000 characters.')
        : undefined;
    },
  });
  if (words === undefined) return;
  const { wakes } = await folder.request('issue.comment', { issueId: issue.id, text: toText(words) });
  const kept = vscode.l10n.t('The comment is kept.');
  const message = plainMessage([kept, ...wakes.map((wake) => wake.message)].join(' '));
  const now = folder.state?.issues.get(issue.id) ?? issue;
  const isBlocked = now.status === 'blocked' || now.blockedBy.length > 0;
  const unblock = vscode.l10n.t('Unblock Issue');
  if (!isBlocked && wakes.every((wake) => wake.status !== 'refused')) {
    vscode.window.setStatusBarMessage(`$(comment) ${message}`, 6000);
    return;
  }
  const answer = await vscode.window.showInformationMessage(message, ...(isBlocked ? [unblock] : []));
  if (answer === unblock) await folder.request('issue.unblock', { issueId: issue.id });
}

/** Lets an issue wait for another one that the user picks, or marks it as blocked. */
export async function blockIssue(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await choose(context, given, vscode.l10n.t('Block which issue?'));
  if (chosen === undefined) return;
  const { folder, issue } = chosen;
  const others = openIssues(folder.state?.issues.values() ?? []).filter(
    ({ id }) => id !== issue.id && !issue.blockedBy.includes(id),
  );
  const items = others.map((other) => ({
    label: `$(issues) #${String(other.number)} ${plainLabel(other.title)}`,
    description: issueStatusText(other.status, translate),
    value: other.id,
  }));
  const mark = { label: `$(circle-slash) ${vscode.l10n.t('Something else: mark it as blocked')}`, value: '' };
  const by = await pick(
    issue.status === 'blocked' ? items : [...items, mark],
    vscode.l10n.t('What does issue {0} wait for?', `#${String(issue.number)}`),
  );
  if (by === undefined) return;
  if (by === '') await folder.request('issue.setStatus', { issueId: issue.id, status: 'blocked' });
  else await folder.request('issue.block', { issueId: issue.id, by });
}

/** Takes away all that an issue waits for; its agent goes on. */
export async function unblockIssue(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await choose(context, given, vscode.l10n.t('Unblock which issue?'));
  if (chosen !== undefined) await chosen.folder.request('issue.unblock', { issueId: chosen.issue.id });
}

/** Makes an issue that is a part of another one. */
export async function createChildIssue(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await choose(context, given, vscode.l10n.t('A part of which issue?'));
  if (chosen !== undefined) await newIssue(context, null, chosen);
}

async function choose(context: ActionContext, given: unknown, placeHolder: string): Promise<Chosen | undefined> {
  const chosen = await pickIssue(context, given, { placeHolder, offerNew: false });
  if (chosen === 'new') throw new UserError('not_found', translate('There is no open issue.'));
  return chosen;
}
