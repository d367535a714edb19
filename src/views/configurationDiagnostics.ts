import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import type { Event } from '../runtime/events.ts';
import type { ConfigurationProblem } from '../runtime/model.ts';
import { configurationProblems } from './configurationProblems.ts';

/** Shows the mistakes of the folders' configurations where they are: in the editor and among the problems. */
export function createConfigurationDiagnostics(connections: {
  readonly folders: readonly FolderConnection[];
  readonly onDidChange: Event<void>;
}): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('reveille');
  let shown = '[]';
  const update = (): void => {
    const wanted = configurationProblems(connections.folders);
    const key = JSON.stringify(wanted);
    if (key === shown) return;
    shown = key;
    collection.clear();
    for (const { path, problems } of wanted) collection.set(vscode.Uri.file(path), problems.map(toDiagnostic));
  };
  const subscription = connections.onDidChange(update);
  update();
  return vscode.Disposable.from(collection, subscription);
}

/** The runtime tells where a mistake begins; it is marked to the end of its line. */
function toDiagnostic({ message, line, column }: ConfigurationProblem): vscode.Diagnostic {
  const row = Math.max(0, line - 1);
  const range = new vscode.Range(row, Math.max(0, column - 1), row, Number.MAX_SAFE_INTEGER);
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
  diagnostic.source = 'Reveille';
  return diagnostic;
}
