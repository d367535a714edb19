import type * as vscode from 'vscode';
import type { FolderConnection } from '../../connection/connection.ts';
import type { SecretKeeper } from '../../connection/secretKeeper.ts';
import { UserError } from '../../runtime/errors.ts';
import type { Event } from '../../runtime/events.ts';
import type { Agent } from '../../runtime/model.ts';
import type { DashboardPanels } from '../dashboard/panel.ts';
import type { OlderRunPages } from '../olderRunPages.ts';
import { translate } from '../translate.ts';
import type { TranscriptChannels } from '../transcripts/transcriptChannels.ts';
import type { Subject } from '../treeNode.ts';

/** What the actions work with. */
export interface ActionContext {
  readonly connections: { readonly folders: readonly FolderConnection[]; readonly onDidChange: Event<void> };
  readonly log: vscode.LogOutputChannel;
  readonly transcripts: TranscriptChannels;
  readonly olderRuns: OlderRunPages;
  readonly dashboard: DashboardPanels;
  readonly secrets: Pick<SecretKeeper, 'set' | 'delete' | 'listNames'>;
}

/** An agent in its folder. */
export interface AgentChoice {
  readonly folder: FolderConnection;
  readonly agent: Agent;
}

/** Reads what a command was given: a subject, or the row of a tree that carries one. */
export function toSubject(given: unknown): Subject | null {
  if (isRecord(given) && isRecord(given['node'])) return toSubject(given['node']['subject']);
  if (!isRecord(given) || typeof given['folder'] !== 'string') return null;
  const { kind, agent, runId, issueId, heartbeatId, questionId, choice, secret } = given;
  const folder = given['folder'];
  if (kind === 'folder') return { kind, folder };
  if (kind === 'agent' && typeof agent === 'string') return { kind, folder, agent };
  if (kind === 'run' && typeof runId === 'string') return { kind, folder, runId };
  if (kind === 'issue' && typeof issueId === 'string') return { kind, folder, issueId };
  if (kind === 'heartbeat' && typeof heartbeatId === 'string') return { kind, folder, heartbeatId };
  if (kind === 'secret' && typeof secret === 'string') return { kind, folder, secret };
  if (kind === 'question' && typeof questionId === 'string')
    return { kind, folder, questionId, ...(typeof choice === 'string' && { choice }) };
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** @throws UserError when the folder was closed meanwhile. */
export function folderOf(context: ActionContext, path: string): FolderConnection {
  const folder = context.connections.folders.find((candidate) => candidate.path === path);
  if (folder === undefined) throw new UserError('not_found', translate('This folder is not open any more.'));
  return folder;
}

/** Folders whose state is known. */
export function connectedFolders(context: ActionContext): FolderConnection[] {
  return context.connections.folders.filter((folder) => folder.state !== null);
}

/** The agents of all connected folders. */
export function allAgents(context: ActionContext): AgentChoice[] {
  return connectedFolders(context).flatMap((folder) =>
    [...(folder.state?.agents.values() ?? [])].map((agent) => ({ folder, agent })),
  );
}
