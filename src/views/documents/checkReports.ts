import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { describeCheck } from '../../doctorText.ts';
import type { Translate } from '../../format.ts';
import type { AgentCheck } from '../../protocolCheck.ts';
import type { Disposable } from '../../runtime/lifecycle.ts';
import { translate } from '../translate.ts';
import { checkScheme, checkUri } from './virtualDocuments.ts';

/**
 * What checks of agents found, as read-only documents. A check starts programs: it is done when somebody asks for one, not when a
 * document happens to be opened again.
 */
export class CheckReports implements vscode.TextDocumentContentProvider, Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changeEmitter = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;

  constructor() {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(checkScheme, this);
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changeEmitter.event;
  }

  /**
   * Checks an agent and shows what was found.
   * @throws UserError when nothing may be started now, or the runtime cannot be reached
   */
  async show(folder: FolderConnection, agent: string): Promise<void> {
    const title = vscode.l10n.t('Checking {0}…', agent);
    const check = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
      folder.request('agent.check', { agent }),
    );
    const uri = checkUri(folder, agent);
    this.#texts.set(uri.toString(), toText(check, translate));
    this.#changeEmitter.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.#texts.get(uri.toString()) ?? translate('This agent was not checked in this window yet: use "Check Again".')
    );
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changeEmitter.dispose();
  }
}

function toText(check: AgentCheck, t: Translate): string {
  const title = t('Check of {0} ({1})', check.agent, check.adapter);
  return [title, new Date(check.at).toLocaleString(), '', ...describeCheck(check, t), ''].join('\n');
}
