import * as path from 'node:path';
import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { placeText } from '../selectionText.ts';
import { issueScheme, parseAddress } from './virtualDocuments.ts';

/** Makes the place of an issue's document a link that opens the file there. */
export function createIssueLinks(connections: { readonly folders: readonly FolderConnection[] }): vscode.Disposable {
  return vscode.languages.registerDocumentLinkProvider(
    { scheme: issueScheme },
    {
      provideDocumentLinks: (document) => {
        const address = parseAddress(document.uri);
        const folder = connections.folders.find((candidate) => candidate.path === address?.folder);
        const location = folder?.state?.issues.get(address?.id ?? '')?.location;
        if (folder === undefined || location === null || location === undefined) return [];
        const file = path.resolve(folder.path, location.path);
        // What a client wrote is not trusted to stay inside the folder.
        if (path.relative(folder.path, file).split(path.sep)[0] === '..') return [];
        const text = placeText(location);
        const start = document.getText().indexOf(text);
        if (start === -1) return [];
        const range = new vscode.Range(document.positionAt(start), document.positionAt(start + text.length));
        const at = `L${String(location.startLine + 1)},${String(location.startCharacter + 1)}`;
        return [new vscode.DocumentLink(range, vscode.Uri.file(file).with({ fragment: at }))];
      },
    },
  );
}
