import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Issue } from '../../runtime/model.ts';
import { plainLabel } from '../plainText.ts';
import { isActive } from '../runRow.ts';
import { deleteAgentConfirmation, deleteIssueConfirmation, deleteRunConfirmation } from '../../stateText.ts';
import { translate } from '../translate.ts';
import { issueStatusText } from '../words.ts';
import { toSubject, type ActionContext } from './actionContext.ts';
import { pick, pickAgent, pickFolder, pickIssue, pickRun } from './pickers.ts';
import { confirm } from './stateActions.ts';
import { assertTrusted } from './trust.ts';

/** As many as one request answers. */
const newestIssues = 200;

/** Deletes a settled run with its log, after a confirmation. */
export async function deleteRun(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickRun(context, given, {
    placeHolder: vscode.l10n.t('Which run shall be deleted?'),
    nothing: vscode.l10n.t('There is no run that has ended.'),
    isOffered: (run) => !isActive(run),
  });
  if (chosen === undefined) return;
  assertTrusted();
  const { folder, run } = chosen;
  const extent = await folder.request('deletion.preview', { target: { kind: 'run', runId: run.id } });
  if (!(await confirm(deleteRunConfirmation(run, extent, translate), vscode.l10n.t('Delete')))) return;
  await folder.request('run.delete', { runId: run.id });
  context.olderRuns.forget(folder.path);
}

/** Deletes an issue that nobody works on, after a confirmation. */
export async function deleteIssue(context: ActionContext, given: unknown): Promise<void> {
  const chosen = toSubject(given) === null ? await pickAnyIssue(context) : await pickOpenIssue(context, given);
  if (chosen === undefined) return;
  assertTrusted();
  const { folder, issue } = chosen;
  const extent = await folder.request('deletion.preview', { target: { kind: 'issue', issueId: issue.id } });
  if (!(await confirm(deleteIssueConfirmation(issue, extent, translate), vscode.l10n.t('Delete')))) return;
  await folder.request('issue.delete', { issueId: issue.id });
}

/** Deletes an agent with all that it has ever done, after a confirmation. */
export async function deleteAgent(context: ActionContext, given: unknown): Promise<void> {
  const chosen = await pickAgent(context, given, {
    placeHolder: vscode.l10n.t('The history of which agent shall be deleted?'),
  });
  if (chosen === undefined) return;
  assertTrusted();
  const { folder, agent } = chosen;
  const extent = await folder.request('deletion.preview', { target: { kind: 'agent', agent: agent.key } });
  const verb = extent.isConfigured ? vscode.l10n.t('Delete History') : vscode.l10n.t('Delete');
  if (!(await confirm(deleteAgentConfirmation(agent.key, extent, translate), verb))) return;
  await folder.request('agent.delete', { agent: agent.key, evenIfConfigured: extent.isConfigured });
  context.olderRuns.forget(folder.path);
}

interface IssueChoice {
  readonly folder: FolderConnection;
  readonly issue: Issue;
}

async function pickOpenIssue(context: ActionContext, given: unknown): Promise<IssueChoice | undefined> {
  const placeHolder = vscode.l10n.t('Which issue shall be deleted?');
  const chosen = await pickIssue(context, given, { placeHolder, offerNew: false });
  return chosen === 'new' ? undefined : chosen;
}

/** Also of the closed ones, which no view shows. */
async function pickAnyIssue(context: ActionContext): Promise<IssueChoice | undefined> {
  const folder = await pickFolder(
    context,
    null,
    vscode.l10n.t('An issue in which folder?'),
    (one) => one.state !== null,
  );
  if (folder === undefined) return undefined;
  const { issues } = await folder.request('issue.list', { limit: newestIssues, includeClosed: true });
  if (issues.length === 0) throw new UserError('not_found', translate('There is no issue.'));
  const items = issues.map((issue) => ({
    label: `$(issues) #${String(issue.number)} ${plainLabel(issue.title)}`,
    description: issueStatusText(issue.status, translate),
    value: { folder, issue },
  }));
  return pick(items, vscode.l10n.t('Which issue shall be deleted?'));
}
