import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { PendingConsent } from '../../runtime/model.ts';
import { plainLabel } from '../plainText.ts';
import { shorten } from '../treeNode.ts';

type ReviewItem = vscode.QuickPickItem & { readonly one: PendingConsent };

/**
 * Lists many definitions with what each would execute. Answers the hashes of those that the user ticked and accepted;
 * none of them is ticked beforehand. A button shows the definition of a row, which leaves the list.
 */
export function reviewInList(
  folder: FolderConnection,
  pending: readonly PendingConsent[],
  showDefinition: (one: PendingConsent) => Promise<void>,
): Promise<readonly string[]> {
  const show = { iconPath: new vscode.ThemeIcon('diff'), tooltip: vscode.l10n.t('Show Definition') };
  const list = vscode.window.createQuickPick<ReviewItem>();
  list.title = vscode.l10n.t('Let agents in "{0}" run', folder.name);
  list.placeholder = vscode.l10n.t('Tick what you would start yourself: agents run as you, with all your rights.');
  list.canSelectMany = true;
  list.matchOnDetail = true;
  list.ignoreFocusOut = true;
  list.items = pending.map((one) => ({
    label: one.agent,
    description: one.before === null ? '' : vscode.l10n.t('changed'),
    detail: plainLabel(shorten(one.summary, 300)),
    buttons: [show],
    one,
  }));
  return new Promise((resolve, reject) => {
    const leave = (hashes: readonly string[]): void => {
      resolve(hashes);
      subscriptions.dispose();
    };
    const subscriptions = vscode.Disposable.from(
      list,
      list.onDidTriggerItemButton(({ item }) => {
        showDefinition(item.one).catch(reject);
        leave([]);
      }),
      list.onDidAccept(() => {
        leave(list.selectedItems.map(({ one }) => one.hash));
      }),
      list.onDidHide(() => {
        leave([]);
      }),
    );
    list.show();
  });
}
