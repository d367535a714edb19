import * as vscode from 'vscode';
import { heartbeatText } from '../../heartbeatText.ts';
import { UserError } from '../../runtime/errors.ts';
import { heartbeatUri } from '../documents/virtualDocuments.ts';
import { translate } from '../translate.ts';
import { connectedFolders, folderOf, toSubject, type ActionContext } from './actionContext.ts';
import { pick } from './pickers.ts';

/** Shows the steps of one run of a named heartbeat, as a read-only document. */
export async function openHeartbeat(context: ActionContext, given: unknown): Promise<void> {
  const uri = await chooseHeartbeat(context, given);
  if (uri === undefined) return;
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}

async function chooseHeartbeat(context: ActionContext, given: unknown): Promise<vscode.Uri | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'heartbeat')
    return heartbeatUri(folderOf(context, subject.folder), { id: subject.heartbeatId });
  const pages = await Promise.all(
    connectedFolders(context).map(async (folder) => {
      const { heartbeats } = await folder.request('heartbeat.list', { limit: 50 });
      return heartbeats.map((heartbeat) => ({
        label: `$(pulse) ${heartbeat.name}`,
        description: heartbeatText(heartbeat, Date.now(), translate),
        detail: new Date(heartbeat.plannedAt).toLocaleString(),
        value: heartbeatUri(folder, heartbeat),
      }));
    }),
  );
  const items = pages.flat();
  if (items.length === 0) throw new UserError('not_found', translate('No named heartbeat has fallen due yet.'));
  return pick(items, vscode.l10n.t('Which heartbeat?'));
}
