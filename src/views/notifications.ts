import * as vscode from 'vscode';
import type { FolderConnection } from '../connection/connection.ts';
import { formatOutcome } from '../format.ts';
import { toError } from '../runtime/errors.ts';
import type { Event } from '../runtime/events.ts';
import type { Logger } from '../runtime/log.ts';
import { Attention, isOfSetUp, type Notice } from './attention.ts';
import { plainMessage } from './plainText.ts';
import { translate } from './translate.ts';

/** Runs that fail together are told together. */
const gatherMs = 1500;
const muteKey = 'reveille.failedRunsMuted';

/** What the messages are about, and where "Don't Show Again" is kept. */
export interface NotificationsOptions {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly memory: vscode.Memento;
  readonly log: Logger;
}

/** The few messages that Reveille shows unasked: definitions to review, failed runs, a lost connection. */
export function createNotifications({ connections, memory, log }: NotificationsOptions): vscode.Disposable {
  const attention = new Attention();
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    timer = undefined;
    for (const notice of attention.next(connections.folders, vscode.workspace.isTrusted)) {
      show(notice, memory).catch((error: unknown) => {
        log.error('A message could not be shown', toError(error));
      });
    }
  };
  const gather = (): void => {
    attention.meet(connections.folders);
    timer ??= setTimeout(tell, gatherMs);
  };
  return vscode.Disposable.from(
    connections.onDidChange(gather),
    vscode.workspace.onDidGrantWorkspaceTrust(gather),
    new vscode.Disposable(() => clearTimeout(timer)),
  );
}

async function show(notice: Notice, memory: vscode.Memento): Promise<void> {
  switch (notice.kind) {
    case 'review':
      return showReview(notice);
    case 'failedRun':
    case 'failedRuns':
      return showFailedRuns(notice, memory);
    case 'tripped':
      return showTripped(notice);
    case 'confirm':
      return showConfirm(notice);
    case 'stalledRun':
      return showStalledRun(notice);
    case 'notConnected':
      return showNotConnected(notice);
    case 'loop':
      return showLoop(notice);
    case 'recovered':
      return showRecovered(notice);
  }
}

async function showReview({ folder, agents }: Extract<Notice, { kind: 'review' }>): Promise<void> {
  const review = vscode.l10n.t('Review…');
  const message =
    agents.length === 1
      ? vscode.l10n.t(
          'Agent "{0}" waits for your review. It does not run before you have accepted what it would execute.',
          agents[0] ?? '',
        )
      : vscode.l10n.t(
          '{0} agents wait for your review. They do not run before you have accepted what they would execute.',
          agents.length,
        );
  const answer = await vscode.window.showInformationMessage(message, review);
  if (answer === review)
    await vscode.commands.executeCommand(
      'reveille.configuration.review',
      folder === null ? undefined : { kind: 'folder', folder },
    );
}

async function showFailedRuns(
  notice: Extract<Notice, { kind: 'failedRun' | 'failedRuns' }>,
  memory: vscode.Memento,
): Promise<void> {
  if (memory.get(muteKey) === true) return;
  const never = vscode.l10n.t("Don't Show Again");
  const look = notice.kind === 'failedRun' ? vscode.l10n.t('Show Log') : vscode.l10n.t('Show Runs');
  const check = vscode.l10n.t('Check Agent');
  const buttons = notice.kind === 'failedRun' && isOfSetUp(notice.run) ? [check, look, never] : [look, never];
  const answer = await vscode.window.showWarningMessage(failureText(notice), ...buttons);
  if (answer === never) await memory.update(muteKey, true);
  else if (answer === check && notice.kind === 'failedRun')
    await vscode.commands.executeCommand('reveille.agent.check', {
      kind: 'agent',
      folder: notice.folder,
      agent: notice.run.agent,
    });
  else if (answer !== look) return;
  else if (notice.kind === 'failedRuns') await vscode.commands.executeCommand('reveille.runs.focus');
  else
    await vscode.commands.executeCommand('reveille.run.openLog', {
      kind: 'run',
      folder: notice.folder,
      runId: notice.run.id,
    });
}

function failureText(notice: Extract<Notice, { kind: 'failedRun' | 'failedRuns' }>): string {
  if (notice.kind === 'failedRuns') return vscode.l10n.t('{0} runs did not succeed.', notice.count);
  const { run } = notice;
  return plainMessage(`${run.agent}: ${run.message ?? `${formatOutcome(run, translate)}.`}`);
}

async function showLoop({ folder, issue }: Extract<Notice, { kind: 'loop' }>): Promise<void> {
  const open = vscode.l10n.t('Open Issue');
  const message = vscode.l10n.t(
    'Agents woke each other too many times in a row about issue #{0}, so this was stopped. Comment on it to set them going again.',
    issue.number,
  );
  if ((await vscode.window.showWarningMessage(message, open)) === open)
    await vscode.commands.executeCommand('reveille.issue.open', { kind: 'issue', folder, issueId: issue.id });
}

async function showTripped({ folder, agent, reason }: Extract<Notice, { kind: 'tripped' }>): Promise<void> {
  const look = vscode.l10n.t('Show Runs');
  const fresh = vscode.l10n.t('Reset Session and Resume');
  const resume = vscode.l10n.t('Resume');
  const message = plainMessage(`${agent}: ${reason}`);
  const answer = await vscode.window.showWarningMessage(message, look, fresh, resume);
  const subject = { kind: 'agent', folder, agent };
  if (answer === look) await vscode.commands.executeCommand('reveille.runs.focus');
  else if (answer === fresh) await vscode.commands.executeCommand('reveille.agent.resumeFresh', subject);
  else if (answer === resume) await vscode.commands.executeCommand('reveille.agent.resume', subject);
}

async function showConfirm({ folder, run }: Extract<Notice, { kind: 'confirm' }>): Promise<void> {
  const proceed = vscode.l10n.t('Continue');
  const discard = vscode.l10n.t('Discard');
  const message = vscode.l10n.t(
    'A run of {0} was cancelled, but messages wait that it has not read. Continue?',
    run.agent,
  );
  const answer = await vscode.window.showInformationMessage(plainMessage(message), proceed, discard);
  const subject = { kind: 'run', folder, runId: run.id };
  if (answer === proceed) await vscode.commands.executeCommand('reveille.queue.runNow', subject);
  else if (answer === discard) await vscode.commands.executeCommand('reveille.queue.discard', subject);
}

async function showStalledRun({ folder, run }: Extract<Notice, { kind: 'stalledRun' }>): Promise<void> {
  const log = vscode.l10n.t('Show Log');
  const cancel = vscode.l10n.t('Cancel Run');
  const message = vscode.l10n.t('{0} has put out nothing for a while. It may hang, or wait for something.', run.agent);
  const answer = await vscode.window.showWarningMessage(plainMessage(message), log, cancel);
  const subject = { kind: 'run', folder, runId: run.id };
  if (answer === log) await vscode.commands.executeCommand('reveille.run.openLog', subject);
  else if (answer === cancel) await vscode.commands.executeCommand('reveille.run.cancel', subject);
}

async function showNotConnected({ name, message, action }: Extract<Notice, { kind: 'notConnected' }>): Promise<void> {
  const labels = {
    retry: vscode.l10n.t('Retry'),
    reload: vscode.l10n.t('Reload Window'),
    restartRuntime: vscode.l10n.t('Restart Runtime'),
    chooseState: vscode.l10n.t('Recover…'),
  };
  const commands = {
    retry: 'reveille.connection.retry',
    reload: 'workbench.action.reloadWindow',
    restartRuntime: 'reveille.runtime.restart',
    chooseState: 'reveille.state.recover',
  };
  const log = vscode.l10n.t('Show Log');
  const answer = await vscode.window.showErrorMessage(
    plainMessage(vscode.l10n.t('Reveille is not connected in "{0}": {1}', name, message)),
    labels[action],
    log,
  );
  if (answer === labels[action]) await vscode.commands.executeCommand(commands[action]);
  else if (answer === log) await vscode.commands.executeCommand('reveille.log.show');
}

async function showRecovered({ name, remarks }: Extract<Notice, { kind: 'recovered' }>): Promise<void> {
  const log = vscode.l10n.t('Show Log');
  const message = vscode.l10n.t('Reveille recovered the state of "{0}": {1}', name, remarks.join(' '));
  if ((await vscode.window.showWarningMessage(plainMessage(message), log)) === log)
    await vscode.commands.executeCommand('reveille.log.show');
}
