import { realpathSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Event } from '../runtime/events.ts';
import type { Logger } from '../runtime/log.ts';
import { DiagnosticsReporter, type SeenDiagnostic } from './diagnosticsReporter.ts';

/** Reports the editor's errors and warnings to the runtimes that have a use for them. */
export function createDiagnosticsWatch(
  connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> },
  log: Logger,
): vscode.Disposable {
  const reporter = new DiagnosticsReporter({
    folders: () => connections.folders,
    read: readDiagnostics,
    isTrusted: () => vscode.workspace.isTrusted,
    clock: systemClock,
    log,
  });
  const schedule = (): void => {
    reporter.schedule();
  };
  return vscode.Disposable.from(
    reporter,
    vscode.languages.onDidChangeDiagnostics(schedule),
    connections.onDidChange(schedule),
  );
}

/** The errors and warnings below a folder, which the editor may know by another name than its real path. */
function readDiagnostics(folder: string): SeenDiagnostic[] {
  const opened = (vscode.workspace.workspaceFolders ?? []).find(
    ({ uri }) => uri.scheme === 'file' && toRealPath(uri.fsPath) === folder,
  );
  if (opened === undefined) return [];
  return vscode.languages.getDiagnostics().flatMap(([uri, diagnostics]) => {
    if (uri.scheme !== 'file' || vscode.workspace.getWorkspaceFolder(uri) !== opened) return [];
    const name = path.relative(opened.uri.fsPath, uri.fsPath);
    return diagnostics.flatMap((one) => toSeen(name, one));
  });
}

function toSeen(name: string, { severity, range, message }: vscode.Diagnostic): SeenDiagnostic[] {
  if (severity > vscode.DiagnosticSeverity.Warning) return [];
  const { start, end } = range;
  return [
    {
      path: name,
      severity: severity === vscode.DiagnosticSeverity.Error ? 'error' : 'warning',
      range: [start.line, start.character, end.line, end.character],
      message,
    },
  ];
}

function toRealPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    // The folder has gone; it has no diagnostics that anybody could act on.
    return null;
  }
}
