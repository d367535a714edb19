import * as vscode from 'vscode';
import { simulationUri, whyUri } from '../documents/virtualDocuments.ts';
import type { ActionContext } from './actionContext.ts';
import { pickAgent, pickFolder } from './pickers.ts';

/** Shows why an agent woke and why it did not, as a read-only document. */
export async function explainAgent(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Why did which agent (not) wake?') });
  if (choice !== undefined) await show(whyUri(choice.folder, choice.agent.key));
}

/** Shows what the schedules of a folder would start in the next seven days. */
export async function simulateSchedules(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('The schedules of which folder?'));
  if (folder !== undefined) await show(simulationUri(folder));
}

async function show(uri: vscode.Uri): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}
