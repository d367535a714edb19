import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import { translate } from '../translate.ts';
import type { ActionContext } from './actionContext.ts';
import { pickFolder } from './pickers.ts';

type Choice = vscode.QuickPickItem & { readonly wish: 'restore' | 'continue' };

/** Offers what can be done where the state of a folder cannot be read whole. */
export async function recoverState(context: ActionContext, given: unknown): Promise<void> {
  if (!context.connections.folders.some(isDamaged)) {
    throw new UserError('not_found', translate('The state of no folder is damaged.'));
  }
  const folder = await pickFolder(context, given, vscode.l10n.t('The state of which folder?'), isDamaged);
  if (folder === undefined || folder.status.kind !== 'failed') return;
  const choice = await chooseWay(folder.name);
  if (choice === 'restore') {
    await vscode.commands.executeCommand('reveille.state.restore', { kind: 'folder', folder: folder.path });
  } else if (choice === 'continue') {
    await continueWithRest(folder, folder.status.message);
  }
}

async function chooseWay(name: string): Promise<Choice['wish'] | undefined> {
  const choices: Choice[] = [
    {
      label: `$(history) ${vscode.l10n.t('Restore a Backup…')}`,
      detail: vscode.l10n.t('Puts a file made by "Back Up State…" in the place of the damaged state.'),
      wish: 'restore',
    },
    {
      label: `$(debug-continue) ${vscode.l10n.t('Continue with What Can Be Read')}`,
      detail: vscode.l10n.t('Goes on without what follows the damage; the damaged files are kept.'),
      wish: 'continue',
    },
  ];
  const title = vscode.l10n.t('The state of "{0}" is damaged', name);
  return (await vscode.window.showQuickPick(choices, { title }))?.wish;
}

/** The message says up to when the state can be read. */
async function continueWithRest(folder: FolderConnection, message: string): Promise<void> {
  const verb = vscode.l10n.t('Continue');
  const question = vscode.l10n.t('Continue with what can be read of the state of "{0}"?', folder.name);
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail: message }, verb);
  if (answer === verb) folder.continueDamaged();
}

function isDamaged({ status }: FolderConnection): boolean {
  return status.kind === 'failed' && status.action === 'chooseState';
}
