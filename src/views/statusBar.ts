import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import type { Event } from '../runtime/events.ts';
import { statusItem } from './situation.ts';
import { translate } from './translate.ts';

/** The one status bar item; its click opens the quick menu. Hidden while no folder uses Reveille. */
export function createStatusBar(connections: {
  readonly folders: readonly FolderConnection[];
  readonly onDidChange: Event<void>;
}): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('reveille.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Reveille';
  item.command = 'reveille.menu.show';
  let shown = '';
  const update = (): void => {
    const wanted = statusItem(connections.folders, vscode.workspace.isTrusted, translate);
    const key = JSON.stringify(wanted);
    if (key === shown) return;
    shown = key;
    if (wanted === null) {
      item.hide();
      return;
    }
    item.text = wanted.text;
    item.tooltip = new vscode.MarkdownString(wanted.tooltip);
    item.backgroundColor = wanted.isError ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    item.accessibilityInformation = { label: wanted.text.replace(/\$\([^)]*\)/g, '').trim() };
    item.show();
  };
  const subscriptions = [connections.onDidChange(update), vscode.workspace.onDidGrantWorkspaceTrust(update)];
  update();
  return vscode.Disposable.from(item, ...subscriptions);
}
