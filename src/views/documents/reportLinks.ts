import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { heartbeatScheme, logUriOf, parseAddress, whyScheme } from './virtualDocuments.ts';

const runId = /\b[0-9A-HJKMNP-TV-Z]{26}\b/g;

/** Makes the ids of runs in the accounts of agents and heartbeats links to their logs. */
export function createReportLinks(connections: { readonly folders: readonly FolderConnection[] }): vscode.Disposable {
  return vscode.languages.registerDocumentLinkProvider([{ scheme: whyScheme }, { scheme: heartbeatScheme }], {
    provideDocumentLinks: (document) => {
      const address = parseAddress(document.uri);
      const folder = connections.folders.find((candidate) => candidate.path === address?.folder);
      if (folder === undefined) return [];
      return [...document.getText().matchAll(runId)].map(({ 0: id, index }) => {
        const range = new vscode.Range(document.positionAt(index), document.positionAt(index + id.length));
        return new vscode.DocumentLink(range, logUriOf(folder, id));
      });
    },
  });
}
