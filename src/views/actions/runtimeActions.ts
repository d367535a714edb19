import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { formatRelativeTime } from '../../format.ts';
import { toError, UserError } from '../../runtime/errors.ts';
import { totalsOf, workText } from '../situation.ts';
import { translate } from '../translate.ts';
import { connectedFolders, type ActionContext } from './actionContext.ts';
import { pickFolder } from './pickers.ts';

/** Cancels all runs and holds all wakes in every connected folder. One folder's failure does not spare the others. */
export async function stopEverything(context: ActionContext): Promise<void> {
  const folders = requireConnected(context);
  const reason = vscode.l10n.t('Stop Everything in the editor');
  const results = await Promise.allSettled(folders.map((folder) => folder.request('everything.stop', { reason })));
  const cancelled = results.reduce(
    (sum, result) => sum + (result.status === 'fulfilled' ? result.value.cancelled : 0),
    0,
  );
  throwFirstFailure(results);
  const release = vscode.l10n.t('Release');
  if ((await vscode.window.showInformationMessage(stoppedText(cancelled), release)) === release)
    await releaseEverything(context);
}

function stoppedText(cancelled: number): string {
  if (cancelled === 0)
    return vscode.l10n.t('Everything is stopped. Nothing was running; all wakes are held until you release them.');
  return cancelled === 1
    ? vscode.l10n.t('Everything is stopped: 1 run is being cancelled. All wakes are held until you release them.')
    : vscode.l10n.t(
        'Everything is stopped: {0} runs are being cancelled. All wakes are held until you release them.',
        cancelled,
      );
}

/** Lets wakes through again. */
export async function releaseEverything(context: ActionContext): Promise<void> {
  throwFirstFailure(
    await Promise.allSettled(requireConnected(context).map((folder) => folder.request('everything.release', {}))),
  );
}

function requireConnected(context: ActionContext): FolderConnection[] {
  const folders = connectedFolders(context);
  if (folders.length === 0)
    throw new UserError('not_found', translate('No runtime is connected, so nothing runs from here.'));
  return folders;
}

function throwFirstFailure(results: readonly PromiseSettledResult<unknown>[]): void {
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw toError(failure.reason);
}

type RuntimeItem = vscode.QuickPickItem & { readonly folder: FolderConnection };

/** What the user chose in the list of runtimes. */
type RuntimeChoice = { readonly folder: FolderConnection; readonly wish: 'log' | 'restart' };

/** Lists the runtimes of the window's folders, with buttons to restart each and to open its log. */
export async function showRuntimes(context: ActionContext): Promise<void> {
  if (context.connections.folders.length === 0) {
    throw new UserError('not_found', translate('Open a folder first: agents live in the folder they work on.'));
  }
  const choice = await chooseRuntime(context);
  if (choice?.wish === 'log') await openRuntimeLog(choice.folder);
  else if (choice !== undefined) await restartOne(choice.folder);
}

/** The list follows the connections while it is open. Undefined when the user leaves it. */
function chooseRuntime(context: ActionContext): Promise<RuntimeChoice | undefined> {
  const buttons = {
    log: { iconPath: new vscode.ThemeIcon('output'), tooltip: vscode.l10n.t('Open Log File') },
    restart: { iconPath: new vscode.ThemeIcon('debug-restart'), tooltip: vscode.l10n.t('Restart') },
  };
  const list = vscode.window.createQuickPick<RuntimeItem>();
  list.title = vscode.l10n.t('Runtimes');
  list.placeholder = vscode.l10n.t('One runtime per folder. Choose one to open its log.');
  const fill = (): void => {
    list.items = context.connections.folders.map((folder) => runtimeItem(folder, [buttons.log, buttons.restart]));
  };
  return new Promise((resolve) => {
    const leave = (choice?: RuntimeChoice): void => {
      resolve(choice);
      subscriptions.dispose();
    };
    const subscriptions = vscode.Disposable.from(
      list,
      context.connections.onDidChange(fill),
      list.onDidTriggerItemButton(({ item: { folder }, button }) => {
        leave({ folder, wish: button === buttons.log ? 'log' : 'restart' });
      }),
      list.onDidAccept(() => {
        const [item] = list.selectedItems;
        leave(item === undefined ? undefined : { folder: item.folder, wish: 'log' });
      }),
      list.onDidHide(() => {
        leave();
      }),
    );
    fill();
    list.show();
  });
}

function runtimeItem(folder: FolderConnection, buttons: vscode.QuickInputButton[]): RuntimeItem {
  const runtime = folder.state?.runtime;
  const totals = totalsOf([folder]);
  if (runtime === undefined || folder.status.kind !== 'connected') {
    return {
      label: `$(folder) ${folder.name}`,
      description: connectionText(folder),
      detail: folder.path,
      folder,
      ...(runtime === undefined ? {} : { buttons }),
    };
  }
  const held = runtime.isStopped ? [vscode.l10n.t('stopped')] : [];
  const draining = runtime.mode === 'draining' ? [vscode.l10n.t('makes way for an update')] : [];
  return {
    label: `$(folder) ${folder.name}`,
    description: [
      `pid ${String(runtime.pid)}`,
      runtime.version,
      ...draining,
      ...held,
      workText(totals, translate),
    ].join(' · '),
    detail: `${vscode.l10n.t('started {0}', formatRelativeTime(runtime.startedAt, Date.now(), translate))} · ${runtime.storePath}`,
    buttons,
    folder,
  };
}

function connectionText(folder: FolderConnection): string {
  switch (folder.status.kind) {
    case 'unused':
      return vscode.l10n.t('no configuration, so no runtime');
    case 'connecting':
      return folder.status.isReconnect ? vscode.l10n.t('reconnecting…') : vscode.l10n.t('connecting…');
    case 'connected':
      return vscode.l10n.t('connected');
    case 'failed':
      return folder.status.message;
  }
}

async function openRuntimeLog(folder: FolderConnection): Promise<void> {
  const path = folder.state?.runtime.logPath;
  // Without a runtime there is no log yet: what helps is to start one.
  if (path === undefined) folder.retry();
  else await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: true });
}

/** Restarts the runtime of a folder, after asking when runs would be cancelled by it. */
export async function restartRuntime(context: ActionContext, given: unknown): Promise<void> {
  const folder = await pickFolder(
    context,
    given,
    vscode.l10n.t('The runtime of which folder?'),
    (one) => one.status.kind !== 'unused',
  );
  if (folder !== undefined) await restartOne(folder);
}

async function restartOne(folder: FolderConnection): Promise<void> {
  if (folder.status.kind !== 'connected') {
    folder.restartRuntime();
    return;
  }
  if (!(await mayCancelRuns(folder, vscode.l10n.t('Restart')))) return;
  // A window always has a runtime: it starts a new one as soon as this one has left.
  await folder.request('runtime.stop', { mode: 'now', reason: vscode.l10n.t('Restarted from the editor') });
}

async function mayCancelRuns(folder: FolderConnection, verb: string): Promise<boolean> {
  const { running } = totalsOf([folder]);
  if (running === 0) return true;
  const question =
    running === 1
      ? vscode.l10n.t('1 run in "{0}" would be cancelled.', folder.name)
      : vscode.l10n.t('{0} runs in "{1}" would be cancelled.', running, folder.name);
  return (await vscode.window.showWarningMessage(question, { modal: true }, verb)) === verb;
}

/** Connects again: the given folder, or every one that is not connected. */
export function retryConnection(context: ActionContext): void {
  for (const folder of context.connections.folders) if (folder.status.kind === 'failed') folder.retry();
}
