import * as vscode from 'vscode';
import { formatLogRemoval } from '../../format.ts';
import type { Result } from '../../protocol.ts';
import { UserError } from '../../runtime/errors.ts';
import { logUri, parseAddress } from '../documents/virtualDocuments.ts';
import { isActive } from '../runRow.ts';
import { translate } from '../translate.ts';
import { folderOf, toSubject, type ActionContext } from './actionContext.ts';
import { pickFolder, pickRun } from './pickers.ts';

const messageMs = 6000;

/** Asks a run to end; the row shows that it is ending. */
export async function cancelRun(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickRun(context, given, {
    placeHolder: vscode.l10n.t('Which run shall be cancelled?'),
    nothing: vscode.l10n.t('No run is active.'),
    isOffered: (run) => isActive(run) && !run.isCancelling,
  });
  if (chosen !== undefined) tellCancelled(await chosen.folder.request('run.cancel', { runId: chosen.run.id }));
}

/** Pauses the agent of a run, then asks the run to end: nothing else of it starts. */
export async function cancelRunAndPause(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickRun(context, given, {
    placeHolder: vscode.l10n.t('Which run shall be cancelled, and its agent paused?'),
    nothing: vscode.l10n.t('No run is active.'),
    isOffered: (run) => isActive(run) && !run.isCancelling,
  });
  if (chosen === undefined) return;
  tellCancelled(await chosen.folder.request('run.cancel', { runId: chosen.run.id, pause: true }));
}

/** Says what became of the wakes behind a run. Whether to go on with a person's messages is asked once the run has ended. */
function tellCancelled({ followUps }: Result<'run.cancel'>): void {
  if (followUps.kind !== 'discarded') return;
  const text =
    followUps.count === 1
      ? vscode.l10n.t('The wake that waited behind it was discarded.')
      : vscode.l10n.t('The {0} wakes that waited behind it were discarded.', followUps.count);
  vscode.window.setStatusBarMessage(text, messageMs);
}

/** Shows a run's log as a read-only document: whole, or head and tail when it is big. */
export async function openRunLog(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickRun(context, given, {
    placeHolder: vscode.l10n.t('The log of which run?'),
    nothing: vscode.l10n.t('No agent has run yet.'),
    isOffered: () => true,
  });
  if (chosen === undefined) return;
  const document = await vscode.workspace.openTextDocument(logUri(chosen.folder, chosen.run));
  await vscode.window.showTextDocument(document, { preview: true });
}

/** Opens the log file itself: of a row, or of the log document in front. */
export async function openRunLogFile(context: ActionContext, given: unknown): Promise<void> {
  const address = given instanceof vscode.Uri ? parseAddress(given) : null;
  const subject =
    address === null ? toSubject(given) : { kind: 'run' as const, folder: address.folder, runId: address.id };
  if (subject?.kind !== 'run') return;
  const { logPath, logRemoval } = await folderOf(context, subject.folder).request('run.get', { runId: subject.runId });
  if (logRemoval !== null) throw new UserError('not_found', formatLogRemoval(logRemoval, translate));
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(logPath));
}

export async function copyRunId(_context: ActionContext, given: unknown): Promise<void> {
  const subject = toSubject(given);
  if (subject?.kind === 'run') await vscode.env.clipboard.writeText(subject.runId);
}

/** Appends a page of older runs to the Runs view. */
export async function loadMoreRuns(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('Which folder?'));
  if (folder === undefined) return;
  await vscode.window.withProgress({ location: { viewId: 'reveille.runs' } }, () => context.olderRuns.loadMore(folder));
}
