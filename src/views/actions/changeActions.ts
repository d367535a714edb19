import { join } from 'node:path';
import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { ListedChange, UndoPreview } from '../../protocol.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Run } from '../../runtime/model.ts';
import { changeUri } from '../documents/virtualDocuments.ts';
import { hasChanges } from '../runRow.ts';
import { translate } from '../translate.ts';
import { undoProblemText } from '../words.ts';
import type { ActionContext } from './actionContext.ts';
import { pickRun } from './pickers.ts';
import { confirm } from './stateActions.ts';
import { assertTrusted } from './trust.ts';

/** Files that one editor shows; more are nothing that anybody reads. */
const mostShown = 500;
/** Files that a dialog names. */
const mostNamed = 15;

/** Opens all files that a run changed in one editor, each with both sides. */
export async function openChanges(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickChanged(context, given, vscode.l10n.t('The changes of which run?'));
  if (chosen === undefined) return;
  const { folder, run } = chosen;
  const { root, files, total } = await folder.request('run.changes', { runId: run.id, offset: 0, limit: mostShown });
  const title = vscode.l10n.t('{0}, run {1}: changes', run.agent, run.number);
  const shown = files.map((file) => toResource({ folder, run, root }, file));
  await vscode.commands.executeCommand('vscode.changes', title, shown);
  if (total > files.length) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('That run changed {0} files. The first {1} are shown.', total, files.length),
    );
  }
}

/** Takes the changes of a run back, after a confirmation, if nobody went on with its files. */
export async function undoRun(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickChanged(context, given, vscode.l10n.t('Which run shall be undone?'));
  if (chosen === undefined) return;
  assertTrusted();
  const { folder, run } = chosen;
  const preview = await folder.request('run.previewUndo', { runId: run.id });
  if (preview.obstacles.length > 0) {
    const message = vscode.l10n.t(
      'Run {0} of {1} cannot be undone: files are not as it left them.',
      run.number,
      run.agent,
    );
    await vscode.window.showWarningMessage(message, { modal: true, detail: obstaclesText(preview) });
    return;
  }
  if (preview.total === 0) throw new UserError('refused', translate('There is nothing to undo.'));
  const question = vscode.l10n.t('Undo what run {0} of {1} changed?', run.number, run.agent);
  if (!(await confirm({ question, detail: filesText(preview, run) }, vscode.l10n.t('Undo')))) return;
  const { files } = await folder.request('run.undo', { runId: run.id });
  vscode.window.setStatusBarMessage(vscode.l10n.t('Undone in {0} files', files), 6000);
}

function pickChanged(
  context: ActionContext,
  given: unknown,
  placeHolder: string,
): Promise<{ folder: FolderConnection; run: Run } | undefined> {
  const nothing = vscode.l10n.t('No run has changed a file yet, as far as that was recorded.');
  return pickRun(context, given, { placeHolder, nothing, isOffered: hasChanges });
}

/** A file for the editor's list of changes: its place, and both sides as far as they exist. */
function toResource(
  { folder, run, root }: { readonly folder: FolderConnection; readonly run: Run; readonly root: string },
  { path, hasBefore, hasAfter }: ListedChange,
): [vscode.Uri, vscode.Uri | undefined, vscode.Uri | undefined] {
  return [
    vscode.Uri.file(join(root, path)),
    hasBefore ? changeUri(folder, run, { path, side: 'before' }) : undefined,
    hasAfter ? changeUri(folder, run, { path, side: 'after' }) : undefined,
  ];
}

function filesText({ files, total }: UndoPreview, { changes }: Run): string {
  const mayBeOthers = changes?.kind === 'recorded' && changes.notes.includes('overlap');
  const parts = [
    ...(mayBeOthers ? [vscode.l10n.t('Others worked at the same time: their changes would go, too.')] : []),
    vscode.l10n.t('These files become what they were before it:'),
    named(files, total),
  ];
  return parts.join('\n\n');
}

function obstaclesText({ obstacles }: UndoPreview): string {
  const lines = obstacles.map(({ path, problem }) => `${path}: ${undoProblemText(problem, translate)}`);
  return named(lines, lines.length);
}

function named(lines: readonly string[], total: number): string {
  const shown = lines.slice(0, mostNamed);
  const more = total - shown.length;
  return [...shown, ...(more > 0 ? [vscode.l10n.t('… and {0} more', more)] : [])].join('\n');
}
