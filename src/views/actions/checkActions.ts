import * as vscode from 'vscode';
import { checkScheme, parseAddress } from '../documents/virtualDocuments.ts';
import { folderOf, type ActionContext } from './actionContext.ts';
import { pickAgent } from './pickers.ts';
import { assertTrusted } from './trust.ts';

/** Checks whether an agent could work, and shows what was found as a read-only document. */
export async function checkAgent(context: ActionContext, given: unknown): Promise<void> {
  const choice = await pickAgent(context, given, { placeHolder: vscode.l10n.t('Which agent shall be checked?') });
  if (choice === undefined) return;
  assertTrusted();
  await context.checks.show(choice.folder, choice.agent.key);
}

/** Checks the agent of the report in front again. */
export async function checkAgain(context: ActionContext, given: unknown): Promise<void> {
  const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
  const address = uri?.scheme === checkScheme ? parseAddress(uri) : null;
  if (address === null) return;
  assertTrusted();
  await context.checks.show(folderOf(context, address.folder), address.id);
}
