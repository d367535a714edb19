import * as vscode from 'vscode';
import type { Translate } from '../../format.ts';
import { totalsOf, workText, type Totals } from '../situation.ts';
import { translate } from '../translate.ts';
import type { ActionContext } from './actionContext.ts';
import { pick } from './pickers.ts';

interface Entry {
  readonly icon: string;
  readonly label: string;
  readonly command: string;
  readonly isShown: boolean;
}

/** The menu behind the status bar item. */
export async function showQuickMenu(context: ActionContext): Promise<void> {
  const totals = totalsOf(context.connections.folders);
  const items = [...urgentEntries(totals, translate), ...workEntries(totals, translate), ...lookEntries(translate)]
    .filter(({ isShown }) => isShown)
    .map(({ icon, label, command }) => ({ label: `$(${icon}) ${label}`, value: command }));
  const command = await pick(items, menuTitle(context, totals));
  if (command !== undefined) await vscode.commands.executeCommand(command);
}

function menuTitle({ connections }: ActionContext, totals: Totals): string {
  if (totals.failed > 0 && totals.failed === connections.folders.length) return translate('Reveille: not connected');
  return translate('Reveille: {0}', workText(totals, translate));
}

/** What stands in the way, and the big switch. */
function urgentEntries(totals: Totals, t: Translate): Entry[] {
  return [
    { icon: 'plug', label: t('Connect Again'), command: 'reveille.connection.retry', isShown: totals.failed > 0 },
    {
      icon: 'shield',
      label: t('Review Configuration…'),
      command: 'reveille.configuration.review',
      isShown: totals.pending > 0 && vscode.workspace.isTrusted,
    },
    {
      icon: 'workspace-untrusted',
      label: t('Manage Workspace Trust'),
      command: 'workbench.trust.manage',
      isShown: !vscode.workspace.isTrusted,
    },
    {
      icon: 'warning',
      label: t('Open Configuration'),
      command: 'reveille.configuration.open',
      isShown: totals.invalid > 0,
    },
    {
      icon: 'debug-continue',
      label: t('Release Everything'),
      command: 'reveille.everything.release',
      isShown: totals.stopped > 0,
    },
    {
      icon: 'debug-stop',
      label: t('Stop Everything'),
      command: 'reveille.everything.stop',
      isShown: totals.connected > totals.stopped,
    },
  ];
}

function workEntries(totals: Totals, t: Translate): Entry[] {
  const canWake = totals.agents > 0 && vscode.workspace.isTrusted;
  return [
    { icon: 'play', label: t('Wake Agent…'), command: 'reveille.agent.wake', isShown: canWake },
    {
      icon: 'circle-slash',
      label: t('Cancel Run'),
      command: 'reveille.run.cancel',
      isShown: totals.running + totals.queued > 0,
    },
    { icon: 'issues', label: t('Assign Issue…'), command: 'reveille.issue.assign', isShown: totals.connected > 0 },
  ];
}

function lookEntries(t: Translate): Entry[] {
  return [
    { icon: 'dashboard', label: t('Open Dashboard'), command: 'reveille.dashboard.open', isShown: true },
    { icon: 'server-process', label: t('Show Runtimes'), command: 'reveille.runtime.showAll', isShown: true },
    { icon: 'output', label: t('Show Log'), command: 'reveille.log.show', isShown: true },
  ];
}
