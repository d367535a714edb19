import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';

/** Gives the workspace the configuration that was put aside for the tests of activation, unless it has it. */
export function bringConfiguration(): void {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  assert.ok(folder, 'The host opened no folder');
  const later = path.join(folder, '.reveille', 'later.yaml');
  if (existsSync(later)) renameSync(later, path.join(folder, '.reveille', 'reveille.yaml'));
}
