import * as vscode from 'vscode';
import { UserError } from '../../runtime/errors.ts';
import { translate } from '../translate.ts';

/** Starting anything is the right of a trusted window only; the runtime refuses it too. */
export function assertTrusted(): void {
  if (vscode.workspace.isTrusted) return;
  throw new UserError('trust', translate('Agents start only in trusted folders. Trust this folder to go on.'));
}
