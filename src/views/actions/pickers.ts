import * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Issue, Run } from '../../runtime/model.ts';
import { statusText } from '../agentsModel.ts';
import { openIssues } from '../issuesModel.ts';
import { plainLabel } from '../plainText.ts';
import { runRow } from '../runRow.ts';
import { translate } from '../translate.ts';
import { shorten } from '../treeNode.ts';
import { issueStatusText } from '../words.ts';
import {
  allAgents,
  connectedFolders,
  folderOf,
  toSubject,
  type ActionContext,
  type AgentChoice,
} from './actionContext.ts';

/** A row of a list that stands for a value. */
export type Item<T> = vscode.QuickPickItem & { readonly value: T };

/** A list with one question; undefined when the user leaves it. */
export async function pick<T>(items: readonly Item<T>[], placeHolder: string): Promise<T | undefined> {
  const chosen = await vscode.window.showQuickPick(items, {
    placeHolder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.value;
}

/** The agent that a command was given, or the one that the user picks. */
export async function pickAgent(
  context: ActionContext,
  given: unknown,
  options: { readonly placeHolder: string; readonly isOffered?: (choice: AgentChoice) => boolean },
): Promise<AgentChoice | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'agent') {
    const folder = folderOf(context, subject.folder);
    const agent = folder.state?.agents.get(subject.agent);
    if (agent === undefined)
      throw new UserError('not_found', translate('There is no agent "{0}" any more.', subject.agent));
    return { folder, agent };
  }
  const all = allAgents(context);
  if (all.length === 0) throw noAgents(context);
  const offered = options.isOffered === undefined ? all : all.filter(options.isOffered);
  if (offered.length === 0)
    throw new UserError('refused', translate('There is no agent for which this would change anything.'));
  return pick(
    offered.map((choice) => agentItem(choice, context)),
    options.placeHolder,
  );
}

/** The row of an agent in a list. */
export function agentItem(choice: AgentChoice, context: ActionContext): Item<AgentChoice> {
  const { agent, folder } = choice;
  const status = statusText(agent, translate);
  return {
    label: `$(person) ${agent.key}`,
    description: connectedFolders(context).length > 1 ? `${status} · ${folder.name}` : status,
    ...(agent.role === null ? {} : { detail: plainLabel(shorten(agent.role, 160)) }),
    value: choice,
  };
}

function noAgents(context: ActionContext): UserError {
  const failed = context.connections.folders.find((folder) => folder.status.kind === 'failed');
  if (failed?.status.kind === 'failed') return new UserError('unreachable', failed.status.message);
  return new UserError('configuration', translate('No agent is configured yet. Open the configuration and add one.'));
}

/** The run that a command was given, or the one that the user picks. */
export async function pickRun(
  context: ActionContext,
  given: unknown,
  options: { readonly placeHolder: string; readonly nothing: string; readonly isOffered: (run: Run) => boolean },
): Promise<{ folder: FolderConnection; run: Run } | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'run') {
    const folder = folderOf(context, subject.folder);
    const run = folder.state?.runs.get(subject.runId) ?? (await folder.request('run.get', { runId: subject.runId }));
    return { folder, run };
  }
  const items = connectedFolders(context).flatMap((folder) => runItems(folder, options.isOffered));
  if (items.length === 0) throw new UserError('not_found', options.nothing);
  return pick(items, options.placeHolder);
}

function runItems(
  folder: FolderConnection,
  isOffered: (run: Run) => boolean,
): Item<{ folder: FolderConnection; run: Run }>[] {
  const { state } = folder;
  if (state === null) return [];
  const runs = [...state.runs.values()].filter(isOffered).sort((a, b) => b.number - a.number);
  return runs.map((run) => {
    const row = runRow(run, { folder: folder.path, under: 'runs', state }, { now: Date.now(), t: translate });
    return {
      label: `$(${row.icon.id}) ${run.agent}`,
      description: plainLabel(row.description),
      value: { folder, run },
    };
  });
}

/** The issue that a command was given, or the open one that the user picks; `'new'` if that was offered and chosen. */
export async function pickIssue(
  context: ActionContext,
  given: unknown,
  options: { readonly placeHolder: string; readonly offerNew: boolean; readonly folder?: FolderConnection },
): Promise<{ folder: FolderConnection; issue: Issue } | 'new' | undefined> {
  const subject = toSubject(given);
  if (subject?.kind === 'issue') {
    const folder = folderOf(context, subject.folder);
    const issue = folder.state?.issues.get(subject.issueId);
    if (issue === undefined) throw new UserError('not_found', translate('This issue does not exist any more.'));
    return { folder, issue };
  }
  const items: Item<{ folder: FolderConnection; issue: Issue } | 'new'>[] = (
    options.folder ? [options.folder] : connectedFolders(context)
  ).flatMap((folder) =>
    openIssues(folder.state?.issues.values() ?? []).map((issue) => ({
      label: `$(issues) #${String(issue.number)} ${plainLabel(issue.title)}`,
      description: [issue.assignee ?? translate('not assigned'), issueStatusText(issue.status, translate)].join(' · '),
      value: { folder, issue },
    })),
  );
  if (items.length === 0) {
    if (options.offerNew) return 'new';
    throw new UserError('not_found', translate('There is no open issue.'));
  }
  if (options.offerNew) items.unshift({ label: `$(add) ${translate('New issue…')}`, value: 'new' });
  return pick(items, options.placeHolder);
}

/** The folder that a command was given, the only one there is, or the one that the user picks. */
export async function pickFolder(
  context: ActionContext,
  given: unknown,
  placeHolder: string,
  isOffered: (folder: FolderConnection) => boolean = () => true,
): Promise<FolderConnection | undefined> {
  const subject = toSubject(given);
  if (subject !== null) return folderOf(context, subject.folder);
  const folders = context.connections.folders.filter(isOffered);
  if (folders.length === 0)
    throw new UserError('not_found', translate('Open a folder first: agents live in the folder they work on.'));
  if (folders.length === 1) return folders[0];
  return pick(
    folders.map((folder) => ({ label: `$(folder) ${folder.name}`, description: folder.path, value: folder })),
    placeHolder,
  );
}
