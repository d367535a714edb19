import * as path from 'node:path';
import * as vscode from 'vscode';
import { describeVerification } from '../../auditText.ts';
import type { FolderConnection } from '../../connection/connection.ts';
import { plainMessage } from '../plainText.ts';
import { translate } from '../translate.ts';
import type { ActionContext } from './actionContext.ts';
import { pick, pickFolder } from './pickers.ts';
import { assertTrusted } from './trust.ts';

/** Checks the whole audit log of a folder and says what was found. */
export async function verifyAuditLog(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(context, given, vscode.l10n.t('The audit log of which folder?'));
  if (folder === undefined) return;
  const title = vscode.l10n.t('Verifying the audit log…');
  const found = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
    folder.request('activity.verify', {}),
  );
  const message = plainMessage(describeVerification(found, translate).join(' '));
  context.log.info('The audit log was verified', folder.path, message);
  const save = vscode.l10n.t('Export Audit Log…');
  const answer =
    found.fault === null
      ? await vscode.window.showInformationMessage(message, save)
      : await vscode.window.showErrorMessage(message, save);
  if (answer === save) await exportFolder(folder);
}

/** Writes the audit log of a folder into a file that the user chooses. */
export async function exportAuditLog(context: ActionContext, given: unknown): Promise<void> {
  assertTrusted();
  const folder = await pickFolder(context, given, vscode.l10n.t('The audit log of which folder?'));
  if (folder !== undefined) await exportFolder(folder);
}

async function exportFolder(folder: FolderConnection): Promise<void> {
  assertTrusted();
  const includeTexts = await pick(
    [
      {
        label: vscode.l10n.t('Without texts'),
        detail: vscode.l10n.t('Who did what, when, and how it ended'),
        value: false,
      },
      {
        label: vscode.l10n.t('With texts'),
        detail: vscode.l10n.t('Also messages, issues and reasons as people wrote them'),
        value: true,
      },
    ],
    vscode.l10n.t('What shall the export contain?'),
  );
  if (includeTexts === undefined) return;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Audit Log'),
    saveLabel: vscode.l10n.t('Export'),
    defaultUri: vscode.Uri.file(path.join(path.dirname(folder.path), `${folder.name}-audit.jsonl`)),
    filters: { 'JSON Lines': ['jsonl'], CSV: ['csv'] },
  });
  if (target === undefined) return;
  const format = target.path.toLowerCase().endsWith('.csv') ? 'csv' : 'jsonl';
  const title = vscode.l10n.t('Exporting the audit log…');
  const { rows } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
    folder.request('activity.export', { path: target.fsPath, format, includeTexts }),
  );
  const open = vscode.l10n.t('Open File');
  const message = vscode.l10n.t('Entries of the audit log that were exported: {0}.', rows);
  if ((await vscode.window.showInformationMessage(message, open)) === open)
    await vscode.commands.executeCommand('vscode.open', target);
}
