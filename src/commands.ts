import * as vscode from 'vscode';
import { toError, UserError, type UserErrorKind } from './runtime/errors.ts';
import type { ActionContext } from './views/actions/actionContext.ts';
import * as agents from './views/actions/agentActions.ts';
import * as audit from './views/actions/auditActions.ts';
import * as changes from './views/actions/changeActions.ts';
import * as checks from './views/actions/checkActions.ts';
import * as configuration from './views/actions/configurationActions.ts';
import * as deletions from './views/actions/deletionActions.ts';
import { wakeAgentFresh } from './views/actions/freshActions.ts';
import { openHeartbeat } from './views/actions/heartbeatActions.ts';
import * as issues from './views/actions/issueActions.ts';
import * as ties from './views/actions/issueTieActions.ts';
import { showQuickMenu } from './views/actions/quickMenu.ts';
import { recoverState } from './views/actions/recoverActions.ts';
import * as questions from './views/actions/questionActions.ts';
import * as queue from './views/actions/queueActions.ts';
import * as reports from './views/actions/reportActions.ts';
import * as reviews from './views/actions/reviewActions.ts';
import * as runs from './views/actions/runActions.ts';
import * as runtimes from './views/actions/runtimeActions.ts';
import * as secrets from './views/actions/secretActions.ts';
import * as sessions from './views/actions/sessionActions.ts';
import * as states from './views/actions/stateActions.ts';
import { plainMessage } from './views/plainText.ts';

type Action = (context: ActionContext, given: unknown) => unknown;

/** Every command of the extension. `given` is a subject, a tree row, an editor's address, or nothing. */
const table: Readonly<Record<string, Action>> = {
  'reveille.agent.wake': agents.wakeAgent,
  'reveille.agent.wakeWithMessage': agents.wakeAgentWithMessage,
  'reveille.agent.wakeFresh': wakeAgentFresh,
  'reveille.agent.pause': agents.pauseAgent,
  'reveille.agent.resume': agents.resumeAgent,
  'reveille.agent.resumeFresh': agents.resumeAgentFresh,
  'reveille.agent.terminate': agents.terminateAgent,
  'reveille.agent.openTranscript': agents.openTranscript,
  'reveille.agent.check': checks.checkAgent,
  'reveille.check.refresh': checks.checkAgain,
  'reveille.agent.explain': reports.explainAgent,
  'reveille.schedule.simulate': reports.simulateSchedules,
  'reveille.heartbeat.open': openHeartbeat,
  'reveille.queue.discard': queue.discardQueuedRun,
  'reveille.queue.moveUp': queue.moveQueuedRunUp,
  'reveille.queue.moveDown': queue.moveQueuedRunDown,
  'reveille.queue.runNext': queue.runQueuedNext,
  'reveille.queue.runNow': queue.runQueuedNow,
  'reveille.question.answer': questions.answerQuestion,
  'reveille.question.choose': questions.chooseAnswer,
  'reveille.question.dismiss': questions.dismissQuestion,
  'reveille.agent.delete': deletions.deleteAgent,
  'reveille.session.reset': sessions.resetSession,
  'reveille.session.resetAll': sessions.resetAllSessions,
  'reveille.session.continue': sessions.continueInTerminal,
  'reveille.session.copyId': sessions.copySessionId,
  'reveille.run.cancel': runs.cancelRun,
  'reveille.run.cancelAndPause': runs.cancelRunAndPause,
  'reveille.run.openChanges': changes.openChanges,
  'reveille.run.undo': changes.undoRun,
  'reveille.run.openLog': runs.openRunLog,
  'reveille.run.openLogFile': runs.openRunLogFile,
  'reveille.run.copyId': runs.copyRunId,
  'reveille.run.loadMore': runs.loadMoreRuns,
  'reveille.run.delete': deletions.deleteRun,
  'reveille.issue.create': issues.createIssue,
  'reveille.issue.assign': issues.assignIssue,
  'reveille.issue.assignSelection': issues.assignSelection,
  'reveille.issue.setStatus': issues.setIssueStatus,
  'reveille.issue.open': issues.openIssue,
  'reveille.issue.comment': ties.commentOnIssue,
  'reveille.issue.commentOnSelection': ties.commentOnSelection,
  'reveille.issue.block': ties.blockIssue,
  'reveille.issue.unblock': ties.unblockIssue,
  'reveille.issue.createChild': ties.createChildIssue,
  'reveille.issue.delete': deletions.deleteIssue,
  'reveille.everything.stop': runtimes.stopEverything,
  'reveille.everything.release': runtimes.releaseEverything,
  'reveille.runtime.showAll': runtimes.showRuntimes,
  'reveille.runtime.restart': runtimes.restartRuntime,
  'reveille.connection.retry': runtimes.retryConnection,
  'reveille.state.recover': recoverState,
  'reveille.state.backUp': states.backUpState,
  'reveille.state.restore': states.restoreState,
  'reveille.state.adopt': states.adoptState,
  'reveille.state.export': states.exportState,
  'reveille.state.delete': states.deleteState,
  'reveille.configuration.create': configuration.createConfiguration,
  'reveille.configuration.open': configuration.openConfiguration,
  'reveille.configuration.review': reviews.reviewConfiguration,
  'reveille.configuration.acceptShown': reviews.acceptShownDefinition,
  'reveille.audit.verify': audit.verifyAuditLog,
  'reveille.audit.export': audit.exportAuditLog,
  'reveille.secret.set': secrets.setSecret,
  'reveille.secret.delete': secrets.deleteSecret,
  'reveille.menu.show': showQuickMenu,
  'reveille.dashboard.open': (context) => {
    context.dashboard.open();
  },
  'reveille.log.show': (context) => {
    context.log.show();
  },
};

/** Registers all commands; one that fails says so in a message and never throws. */
export function registerCommands(context: ActionContext): vscode.Disposable {
  const registered = Object.entries(table).map(([id, action]) =>
    vscode.commands.registerCommand(id, async (given: unknown) => {
      try {
        await action(context, given);
      } catch (error) {
        await showFailure(id, error, context);
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

async function showFailure(id: string, error: unknown, { log }: ActionContext): Promise<void> {
  const showLog = vscode.l10n.t('Show Log');
  if (!(error instanceof UserError)) {
    log.error(`Command ${id} failed`, toError(error));
    const message = vscode.l10n.t('Something went wrong in Reveille. Nothing was lost; the log says more.');
    if ((await vscode.window.showErrorMessage(message, showLog)) === showLog) log.show();
    return;
  }
  log.info(`Command ${id} was refused`, error.message);
  const next = nextStep(error.kind);
  const buttons = next === null ? [] : [next.label];
  const answer = await vscode.window.showWarningMessage(plainMessage(error.message), ...buttons);
  if (next !== null && answer === next.label) await vscode.commands.executeCommand(next.command);
}

/** The one thing that most likely helps. */
function nextStep(kind: UserErrorKind): { readonly label: string; readonly command: string } | null {
  switch (kind) {
    case 'configuration':
      return { label: vscode.l10n.t('Open Configuration'), command: 'reveille.configuration.create' };
    case 'consent':
      return { label: vscode.l10n.t('Review…'), command: 'reveille.configuration.review' };
    case 'trust':
      return { label: vscode.l10n.t('Manage Trust'), command: 'workbench.trust.manage' };
    case 'version':
      return { label: vscode.l10n.t('Reload Window'), command: 'workbench.action.reloadWindow' };
    case 'unreachable':
      return { label: vscode.l10n.t('Retry'), command: 'reveille.connection.retry' };
    case 'damaged':
      return { label: vscode.l10n.t('Recover…'), command: 'reveille.state.recover' };
    case 'storage':
    case 'owned_elsewhere':
      return { label: vscode.l10n.t('Show Log'), command: 'reveille.log.show' };
    case 'not_found':
    case 'invalid':
    case 'refused':
      return null;
  }
}
