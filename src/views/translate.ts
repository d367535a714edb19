import * as vscode from 'vscode';
import type { Translate } from '../format.ts';

/** The display language of the editor, for the pure parts of the views. */
export const translate: Translate = (message, ...args) => vscode.l10n.t(message, ...args);
