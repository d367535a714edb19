import * as vscode from 'vscode';
import { totalsOf } from '../situation.ts';
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
  const t = translate;
  const entries: Entry[] = [
    { icon: 'plug', label: t('Connect Again'), command: 'reveille.connection.retry', isShown: totals.failed > 0 },
    {
      icon: 'shield',
      label: t('Review Configuration…'),
      command: 'reveille.configuration.review',
      isShown: totals.pending > 0,
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
    { icon: 'play', label: t('Wake Agent…'), command: 'reveille.agent.wake', isShown: totals.agents > 0 },
    {
      icon: 'circle-slash',
      label: t('Cancel Run…'),
      command: 'reveille.run.cancel',
      isShown: totals.running + totals.queued > 0,
    },
    { icon: 'issues', label: t('Assign Issue…'), command: 'reveille.issue.assign', isShown: totals.connected > 0 },
    { icon: 'dashboard', label: t('Open Dashboard'), command: 'reveille.dashboard.open', isShown: true },
    { icon: 'output', label: t('Show Log'), command: 'reveille.log.show', isShown: true },
    { icon: 'server-process', label: t('Show Runtimes'), command: 'reveille.runtime.showAll', isShown: true },
  ];
  const items = entries
    .filter(({ isShown }) => isShown)
    .map(({ icon, label, command }) => ({ label: `$(${icon}) ${label}`, value: command }));
  const command = await pick(items, t('{0} running, {1} queued', totals.running, totals.queued));
  if (command !== undefined) await vscode.commands.executeCommand(command);
}
