import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { namedFileOf, placesOf } from './transcriptPlaces.ts';

/** More than these, the newest of a transcript, are not looked for. */
const mostLinks = 200;

/** Makes the files that transcripts say were changed links, as far as they are there and lie in a folder of the window. */
export function createTranscriptLinks(connections: {
  readonly folders: readonly FolderConnection[];
}): vscode.Disposable {
  return vscode.languages.registerDocumentLinkProvider(
    { scheme: 'output' },
    {
      provideDocumentLinks: async (document) => {
        const folders = foldersOf(connections.folders);
        const named = linesOf(document)
          .flatMap((text, line) => {
            const found = namedFileOf(text);
            return found === null ? [] : [{ ...found, line }];
          })
          .slice(-mostLinks);
        const links = named.map(async ({ name, start, line }) => {
          const uri = await firstThatExists(placesOf(name, folders));
          const range = new vscode.Range(line, start, line, start + name.length);
          return uri === null ? [] : [new vscode.DocumentLink(range, uri)];
        });
        return (await Promise.all(links)).flat();
      },
    },
  );
}

/** Where agents work, which is what the paths of their transcripts count from, as far as that is in a folder of the window. */
function foldersOf(connected: readonly FolderConnection[]): string[] {
  return connected.flatMap(({ path, state }) => {
    const workplaces = [...(state?.agents.values() ?? [])].map(({ cwd }) => cwd);
    return [path, ...new Set(workplaces.flatMap((cwd) => placesOf(cwd, [path])))];
  });
}

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split(/\r?\n/);
}

async function firstThatExists(places: readonly string[]): Promise<vscode.Uri | null> {
  for (const place of places) {
    const uri = vscode.Uri.file(place);
    const isThere = await Promise.resolve(vscode.workspace.fs.stat(uri)).then(
      () => true,
      () => false,
    );
    if (isThere) return uri;
  }
  return null;
}
