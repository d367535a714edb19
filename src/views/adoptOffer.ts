import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import { mayBelongTo } from '../connection/orphans.ts';
import { toError } from '../runtime/errors.ts';
import type { Event } from '../runtime/events.ts';
import type { Logger } from '../runtime/log.ts';
import { plainMessage } from './plainText.ts';
import { translate } from './translate.ts';

/** What the offer is about, and where it is remembered that it was made. */
export interface AdoptOfferOptions {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly memory: vscode.Memento;
  readonly log: Logger;
}

const memoryKey = 'reveille.adoptionOffered';

/**
 * Offers, once, an existing state to a folder that has a configuration and no history, when a folder of the same name has left
 * one behind: it was probably moved.
 */
export function createAdoptOffer({ connections, memory, log }: AdoptOfferOptions): vscode.Disposable {
  const looked = new Set<string>();
  const look = (): void => {
    for (const folder of connections.folders) {
      if (looked.has(folder.path) || folder.status.kind !== 'connected' || folder.state === null) continue;
      looked.add(folder.path);
      if (!vscode.workspace.isTrusted || !isNew(folder)) continue;
      offer(folder, memory).catch((error: unknown) => {
        log.error('A state could not be offered', toError(error));
      });
    }
  };
  return vscode.Disposable.from(connections.onDidChange(look));
}

/** A configuration, and nothing that ever happened. */
function isNew({ state }: FolderConnection): boolean {
  return state !== null && state.configuration.status !== 'missing' && state.runs.size === 0 && state.issues.size === 0;
}

async function offer(folder: FolderConnection, memory: vscode.Memento): Promise<void> {
  const orphans = await folder.listOrphans();
  const orphan = orphans.find((one) => !one.isLive && mayBelongTo(one, folder.path));
  if (orphan === undefined) return;
  const offered = memory.get<readonly string[]>(memoryKey, []);
  const key = `${folder.path}\n${orphan.id}`;
  if (offered.includes(key)) return;
  await memory.update(memoryKey, [...offered, key].slice(-100));
  const adopt = vscode.l10n.t('Adopt…');
  const message = translate(
    '"{0}" has no history yet, but there is one of {1}. Was the folder moved?',
    folder.name,
    orphan.path,
  );
  if ((await vscode.window.showInformationMessage(plainMessage(message), adopt)) !== adopt) return;
  await vscode.commands.executeCommand('reveille.state.adopt', { kind: 'folder', folder: folder.path });
}
